"""Takes up a changed rule directory while the worker runs: checked apart, swapped between two batches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING

from fraudstream.engine.selftest import checked_ruleset
from fraudstream.rules.errors import Problem, RulesetError

if TYPE_CHECKING:
    from fraudstream.engine.step import Engine, Settings
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.stores.rule_watch import RuleWatch
    from fraudstream.stream.observer import StreamObserver

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often the directory is looked at; a change is taken up at the second look that finds it."""

Check = Callable[[Mapping[str, bytes], "Settings"], "Ruleset"]


def check_apart(files: Mapping[str, bytes], settings: Settings) -> Ruleset:
    """Build and self-test a ruleset in a process of its own, which takes no time from the events."""
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(checked_ruleset, files, settings).result()
    except BrokenProcessPool:
        message = "the check of the changed rules was ended from outside: save them again to repeat it"
        raise RulesetError([Problem("rules", 1, 1, message)]) from None


class Reloader:
    """Keeps an engine at the ruleset of its directory; what is not fit is refused, and the old one stays."""

    def __init__(
        self, watch: RuleWatch, engine: Engine, observer: StreamObserver, check: Check = check_apart
    ) -> None:
        self._watch = watch
        self._engine = engine
        self._observer = observer
        self._check = check

    async def look(self) -> None:
        """Look once; never raises. The swap falls between two batches, since a step does not yield."""
        engine = self._engine
        try:
            files = self._watch.changed()
            if files is None:
                return
            ruleset = await asyncio.to_thread(self._check, files, engine.settings)
            prepared = await asyncio.to_thread(engine.prepare, ruleset)
            engine.reload(prepared)
        except RulesetError as error:
            self._refuse(str(error))
        except Exception as error:
            log.exception("the changed rules could not be taken up")
            self._refuse(repr(error))
        else:
            log.info("ruleset %s is in force: %d rules", ruleset.version, len(engine.rule_ids))
            self._observer.on_ruleset(ruleset.version, len(engine.rule_ids))

    def _refuse(self, why: str) -> None:
        version = self._engine.ruleset.version
        log.error("the changed rules are refused, ruleset %s stays in force:\n%s", version, why)
        self._observer.on_ruleset_refused()
