"""The log as a file: one way through it for HTTP and for `synapse export`, and the manifest that proves what it wrote."""
