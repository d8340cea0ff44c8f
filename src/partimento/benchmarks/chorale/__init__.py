"""A family of models for four-voice chorales, which looks things up in its training pieces."""
