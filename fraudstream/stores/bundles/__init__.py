"""Rulesets as signed files: packed, published, approved, trusted and watched."""
