"""HTTP: state, events, bars, ingest, manual broadcasts, health, the socket's door and the dashboard."""
