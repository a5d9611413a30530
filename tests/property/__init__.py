"""Laws that hold for any input, drawn at random."""
