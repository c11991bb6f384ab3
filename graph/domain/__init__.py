"""Pure rules and words of the graph."""
