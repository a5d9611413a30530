"""Rulesets as signed files."""
