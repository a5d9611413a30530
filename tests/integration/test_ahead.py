"""A producer whose clock is a day ahead harms nobody but itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.rule_rig import RuleRig
from tests.unit.rule_files import event, rule_file, rule_files

pytestmark = pytest.mark.integration

THIRD = rule_file(
    "n >= 3", features="{n: {count: events, by: debtor.id, window: 1h}}", cases="[]", status="live"
)


def test_windows_survive_a_message_dated_a_day_ahead(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Two payments, a stranger's of tomorrow, and the third payment still finds the first two."""
    rig = RuleRig(kafka, tmp_path, topic_names, rule_files(THIRD))
    now = datetime.now(UTC)
    today, tomorrow = now.isoformat(), (now + timedelta(days=1)).isoformat()
    with rig.worker:
        rig.send(event("a", today), event("b", today))
        rig.send(event("x", tomorrow, debtor={"id": "c2"}))
        assert rig.total("fraudstream_dead_letters_total", "ahead_of_time") == 1
        rig.send(event("c", today))
        assert rig.total("fraudstream_late_events_total") == 0
        assert rig.alerts() == ["c"]
