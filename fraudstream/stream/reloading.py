"""Takes up changed rules while the worker runs: checked apart, swapped between two batches."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, Protocol

from fraudstream.engine.selftest import checked_ruleset
from fraudstream.engine.warming import warm_models
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.stores.bundles.errors import UNFIT, BundleError
from fraudstream.stream.backfilling import BackfillError

if TYPE_CHECKING:
    from fraudstream.engine.step import Settings
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.shard import Shard

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often the rules are looked at; a change is taken up at the second look that finds it."""

Swap = Callable[["Ruleset"], Awaitable[None]]
Keep = Callable[[str, Mapping[str, bytes]], None]
Check = Callable[[Mapping[str, bytes], "Settings"], "Ruleset"]

FAILED = "failed"
"""Why rules are refused that could not be taken up, for a reason that is not theirs."""


class Watch(Protocol):
    """Looks whether there are other rules."""

    def changed(self) -> Mapping[str, bytes] | None:
        """Return the files of other rules, None where there are none; RulesetError or BundleError."""


class Record(Protocol):
    """Keeps what becomes of other rules; `bundle` is the sequence of the bundle that was admitted last."""

    @property
    def bundle(self) -> int | None:
        """None where the rules are no bundle."""

    def take(self, ruleset: Ruleset) -> None:
        """Note a ruleset before anything is judged by it; whatever this raises, it is refused."""

    def refused(self, reason: str, why: str) -> None:
        """Note a refusal."""


def check_apart(files: Mapping[str, bytes], settings: Settings) -> Ruleset:
    """Build and self-test a ruleset in a process of its own, which takes no time from the events."""
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(checked_ruleset, files, settings).result()
    except BrokenProcessPool:
        message = "the check of the changed rules was ended from outside: save them again to repeat it"
        raise RulesetError([Problem("rules", 1, 1, message)]) from None


def described(rules: int, bundle: int | None) -> str:
    """Return what is said of a ruleset beside its version."""
    return f"{rules} rules" if bundle is None else f"{rules} rules, bundle {bundle}"


class Reloader:
    """Keeps a shard at the rules that are watched; what is not fit is refused, and the old ones stay.

    `keep` is given the files of a version, and `record` the version, before anything is judged by it. `swap`
    puts a ruleset in force, at once unless given.
    """

    def __init__(
        self,
        watch: Watch,
        shard: Shard,
        observer: StreamObserver,
        keep: Keep | None = None,
        check: Check = check_apart,
        record: Record | None = None,
        swap: Swap | None = None,
    ) -> None:
        self._watch = watch
        self._shard = shard
        self._observer = observer
        self._keep = keep
        self._check = check
        self._record = record
        self._swap = swap or self._swap_at_once
        self._looked_at = 0.0

    async def look(self) -> None:
        """Look once; never raises. The swap falls between two batches, since a step does not yield."""
        self._looked_at = time.monotonic()
        try:
            # Not on the event loop: the rules may be far away, and large.
            files = await asyncio.to_thread(self._watch.changed)
            if files is None:
                return
            ruleset = await asyncio.to_thread(self._check, files, self._shard.engine.settings)
            # A model may be the first of its kind here: its kernels are compiled beside the events.
            await asyncio.to_thread(warm_models, ruleset, self._shard.engine.settings)
            if self._keep is not None:
                await asyncio.to_thread(self._keep, ruleset.version, files)
            if self._record is not None:
                # Not while the shard is held: another process may be slow to let go of the log.
                await asyncio.to_thread(self._record.take, ruleset)
            await self._swap(ruleset)
        except BundleError as error:
            await self._refuse(error.reason, str(error))
        except RulesetError as error:
            await self._refuse(UNFIT, str(error))
        except BackfillError as error:
            await self._refuse(FAILED, str(error))
        except Exception as error:
            log.exception("the changed rules could not be taken up")
            await self._refuse(FAILED, repr(error))
        else:
            rules = len(self._shard.engine.rule_ids)
            bundle = None if self._record is None else self._record.bundle
            about = {"ruleset": ruleset.version, "rules": rules, "bundle": bundle}
            log.info("ruleset %s is in force: %s", ruleset.version, described(rules, bundle), extra=about)
            self._observer.on_ruleset(ruleset, bundle, self._seconds())

    async def _swap_at_once(self, ruleset: Ruleset) -> None:
        async with self._shard.moving:
            engine = self._shard.engine
            engine.reload(await asyncio.to_thread(engine.prepare, ruleset))

    def _seconds(self) -> float:
        return time.monotonic() - self._looked_at

    async def _refuse(self, reason: str, why: str) -> None:
        version = self._shard.engine.ruleset.version
        gap = "\n" if "\n" in why else " "
        about = {"ruleset": version, "reason": reason}
        log.error(
            "the changed rules are refused, ruleset %s stays in force:%s%s", version, gap, why, extra=about
        )
        self._observer.on_ruleset_refused(reason, self._seconds())
        if self._record is None:
            return
        try:
            await asyncio.to_thread(self._record.refused, reason, why)
        except Exception as error:
            log.error("the refusal is not in the audit log: %s", error)
            self._observer.on_error("audit")
