"""The encoding `notes`: one event for one note, with bars, meters, keys and tempos among them."""
