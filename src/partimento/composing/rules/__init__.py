"""Rules that hold: what must be true of every note drawn, as masks over the field about to be drawn."""
