"""What all errors have in common that a user can mend."""


class UserError(Exception):
    """Says in one line what is wrong, where, and what to do; commands print it as it is."""
