"""The stages of a keyed topology behind the first, without a broker."""
