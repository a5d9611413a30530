"""`fraudstream explain` on a real broker: the alert by its topic, the events by their offsets."""

from __future__ import annotations

import json
from contextlib import closing

import orjson
import pytest

from fraudstream.stores.rule_archive import RuleArchive
from tests.integration.stream_rig import NewRig
from tests.unit.cli.commands import fraudstream
from tests.unit.rule_files import rule_file, rule_files, write_files
from tests.unit.workbench.casefile.cases import MESSAGES, RULE, alert, ruleset

pytestmark = pytest.mark.integration


def test_an_alert_is_told_with_the_events_before_it(new_rig: NewRig) -> None:
    """Topic, partition and offset of its event, the counted events, and the archived ruleset of its day."""
    rig = new_rig(partitions=1)
    names, folder = rig.topology, rig.directory / "explain"
    topology = {
        "schema": "fraudstream.topology/v1",
        "name": "explain",
        "kafka": {"bootstrap": rig.bootstrap, "group": rig.prefix},
        "input": {"topic": names.input.topic},
        "output": {"alerts": names.output.alerts, "dead_letters": "dead", "journal": "journal"},
        "rules": "rules",
        "checkpoints": {"url": "state"},
    }
    write_files(folder, {"t.yml": json.dumps(topology).encode()})
    write_files(folder / "rules", rule_files(rule_file()))
    RuleArchive(str(folder / "state" / "rules")).keep(ruleset().version, rule_files(RULE))
    rig.send(list(MESSAGES))
    content = alert().content
    source = {"source_topic": names.input.topic, "source_partition": "0", "source_offset": "2"}
    headers = [(name, value.encode()) for name, value in source.items()]
    with closing(rig.producer()) as producer:
        producer.send(names.output.alerts, orjson.dumps(content), b"c1", headers)
        producer.flush()
    arguments = ("explain", content["alert_id"], "--topology", folder / "t.yml", "--json")
    found = orjson.loads(fraudstream(*arguments).out)
    assert {**found["source"], "alert": ""} == {
        "alert": "",
        "topic": names.input.topic,
        "partition": 0,
        "offset": 2,
    }
    assert found["versions"]["is_exact"] is True
    assert [(each["event_id"], each["values"] is not None) for each in found["time_line"]] == [
        ("a", True),
        ("b", True),
    ]
    near = orjson.loads(fraudstream(*arguments, "--back", 1).out)
    assert [each["code"] for each in near["cannot_tell"]] == ["events_not_read", "untold"]
