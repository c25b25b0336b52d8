"""What can be computed from the log: pure modules that know events and the market, and nothing of HTTP."""
