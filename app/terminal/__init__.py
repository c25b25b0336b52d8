"""What the analysts' commands gather from a log and show: figures, lines, tables, and the chart of `synapse replay`."""
