"""Real input: a shop's export or a file of events, checked row by row and sent through the public intake."""
