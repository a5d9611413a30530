"""What topics hold of the past, for those who fold it again: which stretches, and in which order."""
