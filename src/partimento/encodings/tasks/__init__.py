"""The encoding `tasks`: pieces, and notes to write among notes that stand."""
