"""A model of four-voice chorales that looks things up in its training pieces: what holds the record on the JSB chorales."""
