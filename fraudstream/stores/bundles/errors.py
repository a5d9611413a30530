"""What is wrong with a bundle, told in one line: where, what, and the remedy."""

from __future__ import annotations

from fraudstream.errors import UserError

UNREADABLE = "unreadable"
UNSIGNED = "unsigned"
WRONG_KEY = "wrong_key"
TAMPERED = "tampered"
STALE = "stale"
UNAPPROVED = "unapproved"
UNFIT = "unfit"


class BundleError(UserError):
    """A bundle, an approval or a key that is refused; `reason` is one of the words above."""

    def __init__(self, reason: str, where: object, what: str, remedy: str) -> None:
        self.reason = reason
        super().__init__(f"{where}: {what}: {remedy}")
