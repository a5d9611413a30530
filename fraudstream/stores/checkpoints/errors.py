"""What goes wrong with checkpoints, told in one way."""

from __future__ import annotations


class CheckpointError(Exception):
    """A checkpoint cannot be written or used: what is wrong, where, and the remedy."""

    def __init__(self, what: str, where: str, remedy: str) -> None:
        self.what, self.where, self.remedy = what, where, remedy
        # All three, so that the error comes whole out of another process.
        super().__init__(what, where, remedy)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.remedy}"


class DamagedError(Exception):
    """A manifest or chunk is gone or not as it was written; an earlier checkpoint may still be whole."""
