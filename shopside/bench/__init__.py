"""Benchmarks: the platform against peers that do the same, in the same run, after both gave the same answers."""
