"""The commands of `synapse`, a module a group; loaded with the program, what they need when one runs."""
