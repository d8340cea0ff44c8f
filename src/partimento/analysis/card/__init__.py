"""The card: what music is like, and how much of it is copied, beside human music."""
