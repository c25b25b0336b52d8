"""`synapse-check`: writers and subscribers against any server, and a certificate of what they saw.

It speaks the wire as anybody would, and imports nothing that serves. `docs/check.md` shows it at work.
"""
