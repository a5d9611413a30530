"""The checkpoints of one shard, in a place that fsspec reaches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from secrets import token_hex
from typing import Any, NamedTuple
from urllib.parse import quote

from fraudstream.stores.checkpoints import chunks
from fraudstream.stores.checkpoints.chunks import ChunkWriter, read_stream
from fraudstream.stores.checkpoints.errors import CheckpointError, DamagedError
from fraudstream.stores.checkpoints.files import Files
from fraudstream.stores.checkpoints.manifests import (
    Formats,
    Json,
    Lift,
    Manifest,
    Manifests,
    name_of,
    numbers_of,
)
from fraudstream.stores.checkpoints.records import (
    Identity,
    Listed,
    Loaded,
    Meta,
    Saved,
    Skipped,
    Snapshot,
)
from fraudstream.stores.checkpoints.sealing import Seal
from fraudstream.stores.checkpoints.sweeping import home_of, sweep, sweep_chunks
from fraudstream.stores.checkpoints.tree import put_together, take_apart

KEEP = 3
FORMATS = Formats(
    2, {1: Lift(lambda content: content, lambda snapshot: {**snapshot, "past": {"is_open": False}})}
)
"""Format 1 did not say what the past lacks."""


class _Opened(NamedTuple):
    """The store as one call sees it."""

    files: Files
    manifests: Manifests


class CheckpointStore:
    """Saves and loads the checkpoints of a shard below `url`/group/topology/shard.

    `url` is a path or any URL of fsspec; packages for remote ones are the deployment's own. `key` is 32
    random bytes, or None to leave checkpoints unencrypted. The `keep` newest checkpoints stay. Save one at
    a time. Every call raises CheckpointError where the place cannot be used.
    """

    def __init__(
        self,
        url: str,
        identity: Identity,
        key: bytes | None = None,
        keep: int = KEEP,
        formats: Formats = FORMATS,
    ) -> None:
        self.url = url
        self.skipped: list[Skipped] = []
        """The manifests that the last call passed over, and why."""
        self._identity = identity
        self._seal = Seal(key)
        self._keep = keep
        self._formats = formats
        # Nobody else writes to a folder of this name, not even who is given the same epoch by mistake.
        self._writer = token_hex(4)
        self._worthless: frozenset[str] = frozenset()
        """Manifests that were damaged when the shard was taken, or not accepted, as no one ever will."""

    def save(self, snapshot: Snapshot, meta: Meta) -> Saved:
        """Write a checkpoint and delete what is too old; where it fails, the previous ones are still whole.

        CheckpointError also where an owner of a newer epoch has written here.
        """
        started = time.perf_counter()
        opened = self._open()
        known = list(self._whole(opened))
        sequences = [sequence for _, sequence in self._numbers(opened, meta.epoch)]
        sequence = 1 + max(sequences, default=0)
        name = name_of(meta.epoch, sequence)
        home = home_of(meta.epoch, self._writer)
        writer = ChunkWriter(opened.files, self._seal, home, _there(opened.files, known, home), sequence)
        try:
            content = _written(writer, snapshot, meta, home, started)
            content_bytes = self._commit(opened, name, content)
        except BaseException:
            _tidy(opened.files, known, home)
            raise
        problem = self._sweep(opened, [Manifest(name, content, []), *known], meta.epoch, home)
        return Saved(
            *numbers_of(name),
            state_bytes=content["state_bytes"],
            written_bytes=writer.written_bytes + content_bytes,
            chunks_new=writer.new,
            chunks_reused=len(writer.sizes) - writer.new,
            seconds=time.perf_counter() - started,
            sweep_problem=problem,
        )

    def load(self, accept: Callable[[Listed], bool] | None = None) -> Loaded | None:
        """Return the newest whole checkpoint that is accepted, None where there is none; see `skipped`.

        Those that are passed over are worthless from then on: the next save deletes them. CheckpointError
        where one is of another shard, another key or a newer format.
        """
        loaded = self._newest(self._open(), accept)
        self._worthless = frozenset(skipped.manifest for skipped in self.skipped)
        return loaded

    def _newest(self, opened: _Opened, accept: Callable[[Listed], bool] | None) -> Loaded | None:
        for manifest in self._whole(opened):
            if accept is not None and not accept(manifest.listed):
                self.skipped.append(Skipped(manifest.name, "not accepted", is_damaged=False))
                continue
            try:
                return self._loaded(opened.files, manifest)
            except DamagedError as error:
                self.skipped.append(Skipped(manifest.name, str(error), is_damaged=True))
        return None

    def read_manifests(self) -> list[Listed]:
        """Return what is there, the newest first; damaged manifests are in `skipped`."""
        return [manifest.listed for manifest in self._whole(self._open())]

    def _open(self) -> _Opened:
        identity = self._identity
        folder = "/".join(map(_segment, (identity.group, identity.topology, str(identity.shard))))
        files = Files(self.url, folder)
        return _Opened(files, Manifests(files, identity, self._seal, self._formats))

    def _whole(self, opened: _Opened) -> Iterator[Manifest]:
        """Yield the readable manifests, the newest first; listed anew each time: others delete."""
        self.skipped = []
        tried: set[str] = set()
        while names := [name for name in opened.manifests.names() if name not in tried]:
            tried.add(names[0])
            try:
                yield opened.manifests.read(names[0])
            except DamagedError as error:
                self.skipped.append(Skipped(names[0], str(error), is_damaged=True))

    def _numbers(self, opened: _Opened, epoch: int) -> list[tuple[int, int]]:
        """Return epochs and sequences, the newest first; CheckpointError where a newer owner has written."""
        numbers = [numbers_of(name) for name in opened.manifests.names()]
        if numbers and numbers[0][0] > epoch:
            what = f"the owner of epoch {numbers[0][0]} has written here, this one has epoch {epoch}"
            raise CheckpointError(what, opened.files.url, "stop: the shard has another owner")
        return numbers

    def _commit(self, opened: _Opened, name: str, content: Json) -> int:
        """Write the manifest, unless somebody else has written one of this or a newer epoch meanwhile."""
        epoch, sequence = numbers_of(name)
        if self._numbers(opened, epoch)[:1] >= [(epoch, sequence)]:
            what = f"somebody else with the same epoch writes checkpoints of {self._identity}"
            raise CheckpointError(
                what, opened.files.url, "give every deployment a place or a group of its own"
            )
        return opened.manifests.write(name, content)

    def _sweep(self, opened: _Opened, known: list[Manifest], epoch: int, home: str) -> str | None:
        try:
            sweep(opened.files, known, self._worthless, epoch, home, self._keep)
        except CheckpointError as error:
            # The checkpoint is there all the same.
            return str(error)
        return None

    def _loaded(self, files: Files, manifest: Manifest) -> Loaded:
        content, listed = manifest.content, manifest.listed
        try:
            snapshot = self._read(files, manifest.home, content["snapshot"])
            rules = self._read(files, manifest.home, content["rules"])
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(f"the manifest contradicts itself: {error}") from error
        for lift in manifest.lifts:
            snapshot = lift.snapshot(snapshot)
        return Loaded(snapshot, Meta(listed.positions, listed.epoch, listed.extra, rules), listed)

    def _read(self, files: Files, home: str, part: Json) -> Any:
        streams = [read_stream(files, self._seal, home, stream) for stream in part["streams"]]
        return put_together(part["tree"], streams)


def _written(writer: ChunkWriter, snapshot: Snapshot, meta: Meta, home: str, started: float) -> Json:
    """Write all chunks and return what the manifest says."""
    parts = {}
    state_bytes = 0
    # The rules have streams of their own, which stay the same as long as they do.
    for name, part in (("snapshot", snapshot), ("rules", meta.rules)):
        apart = take_apart(part)
        parts[name] = {"tree": apart.tree, "streams": [writer.write(stream) for stream in apart.streams]}
        state_bytes += sum(map(len, apart.streams))
    writer.finish()
    return {
        **parts,
        "home": home,
        "chunks": writer.sizes,
        "positions": {str(partition): offset for partition, offset in meta.positions.items()},
        "extra": dict(meta.extra),
        "state_bytes": state_bytes,
        "written_bytes": writer.written_bytes,
        "seconds": time.perf_counter() - started,
        "written_us": time.time_ns() // 1000,
    }


def _there(files: Files, known: list[Manifest], home: str) -> dict[str, int]:
    """Return the chunks that an own manifest names and that are there in their full size."""
    sizes = files.sizes(f"{chunks.FOLDER}/{home}")
    own = (manifest.chunks for manifest in known if manifest.home == home)
    return {name: size for each in own for name, size in each.items() if sizes.get(name) == size}


def _tidy(files: Files, known: list[Manifest], home: str) -> None:
    """Give back the space of a save that failed, as far as the place still answers."""
    try:
        sweep_chunks(files, known, home)
    except CheckpointError:
        # The failure that led here is the one to tell.
        return


def _segment(text: str) -> str:
    """Return a text as one folder name, whatever it is."""
    return quote(text, safe="").replace(".", "%2E") or "%"
