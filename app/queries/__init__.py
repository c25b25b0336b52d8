"""Questions about a log, answered alike for HTTP, the terminal and Python: reading only, and no web framework.

Every function takes a `LogReader` and returns what `app.answers` (or docs/protocol.md) describes, as values that
are JSON once encoded. What shares values with a served state must be encoded before giving way to the loop.
"""
