"""Alembic migrations of the log's tables; packaged, so that an installed program can migrate."""
