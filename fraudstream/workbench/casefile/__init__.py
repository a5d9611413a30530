"""The whole evidence of an alert, for whoever must judge it: in English and in Chinese."""
