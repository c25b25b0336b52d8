"""Regime detectors: what turns prices into regimes. One protocol, each detector versioned."""
