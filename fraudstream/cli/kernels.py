"""Makes kernels ready for commands that judge: from the cache, or compiled on two processors at once."""

from __future__ import annotations

from multiprocessing import get_context

from fraudstream.cli.console import PLAIN, err
from fraudstream.engine.step import Settings
from fraudstream.engine.warming import warm_half, warm_other_half, warm_up
from fraudstream.kernel_cache import is_filled
from fraudstream.rules.ruleset import Ruleset


def fill_cache(ruleset: Ruleset, settings: Settings) -> None:
    """Compile the kernels if no process before this one has; they are loaded as they are needed."""
    if is_filled():
        return
    err.print("compiling kernels, once for this version: about half a minute ...", **PLAIN)
    # A fork need not import everything anew. No thread runs yet, and the child only compiles and ends.
    beside = get_context("fork").Process(target=warm_half, args=(ruleset, settings), daemon=True)
    beside.start()
    warm_other_half()
    beside.join()


def make_ready(ruleset: Ruleset, settings: Settings) -> None:
    """Compile or load every kernel, so that no event has to wait for one."""
    fill_cache(ruleset, settings)
    warm_up(ruleset, settings)
