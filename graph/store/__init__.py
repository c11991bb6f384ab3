"""The query files of the graph, as typed values."""
