"""What music is like: figures of pieces, repetition, verbatim copies, the card, and the report of `explore`."""
