"""Shared by all tests; each kind of test keeps its own fixtures beside it."""
