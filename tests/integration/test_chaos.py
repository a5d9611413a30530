"""`make chaos`, in small."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loadtest.chaos import RULES, named, run
from loadtest.crash_rig import CrashRig

pytestmark = pytest.mark.integration


def test_blows_at_random_change_nothing(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Two blows of the first seed: no alert is lost or different."""
    prefix = topic_names("events").removesuffix(".events")
    for name in named(prefix):
        topic_names(name)
    figures = run(CrashRig(kafka, tmp_path, named(prefix), RULES), 2, 1, print)
    assert figures["kills"] == 2
    assert figures["alerts_expected"] != 0
    assert (figures["alerts_lost"], figures["decisions_different"]) == (0, 0)
