"""What makes pages: the reference out of the code (`python -m docs.generate`), and the docs site's hook."""
