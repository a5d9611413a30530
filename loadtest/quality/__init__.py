"""`make quality`: online models measured on published tables, beside the published figures."""
