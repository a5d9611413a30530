"""The topology file, the environment, and secrets."""
