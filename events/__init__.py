"""Contracts of every event, intake, the log, projectors and transports."""
