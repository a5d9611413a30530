"""Deletes what no kept checkpoint needs, by the law in the README: never what a newer owner may need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from fraudstream.stores.checkpoints import chunks, manifests
from fraudstream.stores.checkpoints.files import PART, Files
from fraudstream.stores.checkpoints.manifests import Manifest


def home_of(epoch: int, writer: str) -> str:
    """Return the folder that one writer has in one epoch, and shares with nobody."""
    return f"{epoch:010}-{writer}"


def sweep(
    files: Files, known: Sequence[Manifest], worthless: Collection[str], epoch: int, home: str, keep: int
) -> None:
    """Delete all but the first `keep` of the `known` manifests, newest first, and chunks of the others.

    Those that are `worthless` do not count: owners that die young would push out what the next one needs.
    """
    kept = [each for each in known if each.name not in worthless][:keep]
    oldest = kept[-1].name if len(kept) == keep else ""
    _sweep_manifests(files, oldest, worthless, epoch)
    for folder in files.sizes(chunks.FOLDER):
        if folder == home or _epoch_of(folder, epoch) < epoch:
            sweep_chunks(files, kept, folder)


def sweep_chunks(files: Files, kept: Iterable[Manifest], home: str) -> None:
    """Delete in the folder of a writer the chunks that no kept manifest names, and what is half written."""
    named = {name for manifest in kept if manifest.home == home for name in manifest.chunks}
    folder = f"{chunks.FOLDER}/{home}"
    found = files.sizes(folder)
    files.delete([f"{folder}/{name}" for name in found if name not in named])
    if not named:
        files.delete_folder(folder)


def _sweep_manifests(files: Files, oldest: str, worthless: Collection[str], epoch: int) -> None:
    """Delete the manifests before the oldest that is kept, damaged ones too, and the half written ones."""
    names = [name for name in files.sizes(manifests.FOLDER) if _epoch_of(name, epoch + 1) <= epoch]
    gone = [name for name in names if name < oldest or name in worthless or name.endswith(PART)]
    files.delete([f"{manifests.FOLDER}/{name}" for name in gone])


def _epoch_of(name: str, otherwise: int) -> int:
    """Return the epoch that a name begins with; what others have put there is not touched."""
    epoch, _, _ = name.partition("-")
    return int(epoch) if len(epoch) == 10 and epoch.isdecimal() else otherwise
