"""The encoding `leadsheet`: one melody with a chord symbol over each note."""
