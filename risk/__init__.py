"""The real-time check, velocity, the rulebook, the blacklist, and decisions."""
