"""Rows in Postgres and the wire in Redis."""
