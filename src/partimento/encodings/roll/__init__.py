"""The encoding `roll`: a field for each of 88 keys in each step."""
