"""How well notation is found again: spelling, keys, hands, voices, meters, note values, chords, against scores that state them."""
