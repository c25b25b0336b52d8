"""What tests of others need of the application: a log on each engine, and one that is served."""
