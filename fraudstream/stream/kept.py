"""What earlier owners have kept of a shard or a stage."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fraudstream.stores.checkpoints import CheckpointStore, Listed, Loaded
    from fraudstream.stream.observer import StreamObserver

log = logging.getLogger(__name__)


def newest_kept(
    store: CheckpointStore | None, fits: Callable[[Listed], bool], observer: StreamObserver
) -> Loaded | None:
    """Return the newest whole checkpoint that fits, None where there is none; say which are damaged."""
    if store is None:
        return None
    loaded = store.load(fits)
    for skipped in store.skipped:
        if skipped.is_damaged:
            log.error("checkpoint %s is left out: %s", skipped.manifest, skipped.reason)
            observer.on_error("checkpoint")
    return loaded
