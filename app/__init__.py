"""Synapse, the application: feeds, decisions, the socket, HTTP and the command line."""
