"""What the commands `synapse whatif` and `synapse hindsight` do; loaded when one of them runs."""
