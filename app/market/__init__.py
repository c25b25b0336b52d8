"""What the events mean: pure functions from prices to regimes, alerts and public state."""
