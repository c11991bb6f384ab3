"""Load, decide, save: what the graph room offers to others."""
