"""How personal data leave in alerts: as they are, as tokens, encrypted, or not at all."""
