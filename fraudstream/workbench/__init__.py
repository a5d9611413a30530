"""Change a rule with proof: replays of history through the very fold that runs in production."""
