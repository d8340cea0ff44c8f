"""The encoding `frames`: the keys that sound in each step, one after another."""
