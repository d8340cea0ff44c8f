"""The encoding `melody`: parts one after another, a pitch and a note value for each note or chord."""
