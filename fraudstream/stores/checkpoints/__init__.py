"""The checkpoints of a shard: whole, incremental, encrypted where a key is given, written beside the fold."""

from fraudstream.stores.checkpoints.errors import CheckpointError
from fraudstream.stores.checkpoints.records import Identity, Listed, Loaded, Meta, Saved, Skipped
from fraudstream.stores.checkpoints.store import CheckpointStore
from fraudstream.stores.checkpoints.writer import Saving, start_saving

__all__ = [
    "CheckpointError",
    "CheckpointStore",
    "Identity",
    "Listed",
    "Loaded",
    "Meta",
    "Saved",
    "Saving",
    "Skipped",
    "start_saving",
]
