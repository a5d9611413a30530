"""The fold in stages, so that several workers share its state."""
