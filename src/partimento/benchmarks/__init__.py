"""The published benchmarks and what only they need. Nothing below imports it; its recipes and families are found by name."""
