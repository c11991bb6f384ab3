"""What an event is: its fields, envelope and contract, the log that keeps it, the outcome it gets."""
