"""A keyed topology on Kafka: several workers, changing rules, one killed; and the bytes of one engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from fraudstream.engine.step import Engine
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.stream.worker import EXIT_FAILED, run_worker
from loadtest.crash_rig import CrashRig, headers_of, uninterrupted
from loadtest.demo_worker import Worker
from loadtest.traffic import generate
from loadtest.waiting import until
from tests.integration.broker import create_topic
from tests.integration.poisoned import IN_MERGE, IN_SHARE
from tests.integration.stream_rig import ROOT
from tests.keyed_fold import KeyedFold
from tests.unit.rule_files import event, rule_file, rule_files, write_files
from tests.unit.stream.fakes import FakeEngine, FakeObserver

pytestmark = pytest.mark.integration

SHARES = 3
BEGIN = {**dict.fromkeys(range(100), "e"), 41: IN_SHARE, 42: IN_SHARE, 77: IN_MERGE}
"""How the ids of every hundred events begin."""
EVENTS = 12_000
THIRD = EVENTS // 3


def keyed(kafka: str, topic: Callable[[str], str], folder: Path, rules: Path) -> CrashRig:
    """Return a keyed topology of three shares."""
    words = ("events", "alerts", "dead", "journal", "parts", "found")
    names = {word: topic(word) for word in words}
    return CrashRig(kafka, folder, names, rules, guarantee="exactly_once", shares=SHARES)


def told(rig: CrashRig, count: int) -> dict[str, bytes]:
    """Return the alerts once there are so many, none of which may be there twice."""
    until(lambda: len(rig.alerts()) >= count, f"{count} alerts")
    alerts = rig.alerts()
    assert len({identity for identity, _ in alerts}) == len(alerts)
    return dict(alerts)


def moves(rig: CrashRig) -> int:
    """Return how many stages have been taken so far."""
    return rig.logs().count(" stage ")


def test_three_workers_judge_as_one_engine_while_they_are_killed_and_frozen(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Stages are spread, move to who is left, and a frozen worker comes back; each alert is there once."""
    rig = keyed(kafka, topic_names, tmp_path, ROOT / "rules")
    payloads = generate(EVENTS, 11).payloads
    expected = uninterrupted(rig.topology, payloads)
    assert len(expected) > 20
    with ExitStack() as stack:
        first, *others = [stack.enter_context(rig.worker()) for _ in range(3)]
        rig.send(payloads[:THIRD])
        rig.drain()
        rig.send(payloads[THIRD : 2 * THIRD])
        first.kill()
        others.append(stack.enter_context(rig.worker()))
        frozen = others.pop(0)
        frozen.freeze()
        moved = moves(rig)
        rig.send(payloads[2 * THIRD : -THIRD // 2])
        until(lambda: moves(rig) > moved, "its stages have moved")
        frozen.thaw()
        rig.send(payloads[-THIRD // 2 :])
        assert told(rig, len(expected)) == expected
        for worker in others:
            worker.check()


def counting(key: str, least: int) -> bytes:
    """Return a rule that hits from so many events of a key on."""
    features = f"{{n: {{count: events, by: {key}, window: 30d}}}}"
    return rule_file(f"n >= {least}", features=features, cases="[]", status="live")


def wordy(payload: bytes, number: int) -> bytes:
    """Return an event with a text of its own, as long as they may be; what is no event stays as it is."""
    more = b',"purpose":"%d %s"}' % (number, b"x" * 1_000)
    return payload[:-1] + more if payload.endswith(b"}") else payload


def test_every_stage_changes_the_rules_at_the_same_event(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """A feature of another key comes in force between two events; messages may be larger than is usual."""
    rules = write_files(tmp_path / "rules", rule_files(counting("debtor.id", 4)))
    rig = keyed(kafka, topic_names, tmp_path, rules)
    payloads = [wordy(payload, number) for number, payload in enumerate(generate(2_000, 12).payloads)]
    engine = Engine(load_ruleset(rules), rig.topology.settings())
    expected = {alert.alert_id: alert.value for alert in engine.step(payloads[:1_000]).alerts}
    rig.send(payloads[:1_000])
    with ExitStack() as stack:
        workers = [stack.enter_context(rig.worker()) for _ in range(2)]
        assert told(rig, len(expected)) == expected
        write_files(rules, rule_files(counting("merchant.id", 3)))
        until(lambda: rig.logs().count("is in force") == 2, "both workers have taken the rules up")
        engine.reload(engine.prepare(load_ruleset(rules)))
        later = {alert.alert_id: alert.value for alert in engine.step(payloads[1_000:]).alerts}
        assert later
        rig.send(payloads[1_000:])
        assert told(rig, len(expected) + len(later)) == expected | later
        version = load_ruleset(rules).version
        wanted = sorted(
            (stage, version) for stage in ("ingest", "merge", *map("share {}".format, range(SHARES)))
        )
        until(lambda: stages(workers) == wanted, "every stage is some worker's, and folds by the new rules")


def stages(workers: Sequence[Worker]) -> list[tuple[str, ...]]:
    """Return the stages of all workers with the rulesets by which they fold."""
    return sorted(each for one in workers for each in one.metrics()["fraudstream_stage_ruleset_info"])


def test_what_later_stages_fail_on_is_left_out_once(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Three workers, one of them killed on the way: every event has either its alert or its letter, once."""
    rules = write_files(tmp_path / "rules", rule_files(counting("debtor.id", 1)))
    rig = keyed(kafka, topic_names, tmp_path, rules)
    names = [f"{BEGIN[number % 100]} {number}" for number in range(600)]
    payloads = [event(name, debtor={"id": f"d{number % 7}"}) for number, name in enumerate(names)]
    poison = {
        name: range(SHARES) if name.startswith(IN_SHARE) else [SHARES] for name in names if name[0] != "e"
    }
    expected = KeyedFold(load_ruleset(rules), rig.topology.settings(), SHARES, poison=poison).step(payloads)
    with ExitStack() as stack:
        workers = [stack.enter_context(rig.worker(module="tests.integration.poisoned")) for _ in range(3)]
        rig.send(payloads[:400])
        until(lambda: len(letters(rig)) > 0, "some are left out")
        workers[0].kill()
        rig.send(payloads[400:])
        alerts = {alert.alert_id: alert.value for alert in expected.alerts}
        assert told(rig, len(alerts)) == alerts
        until(lambda: len(letters(rig)) == len(poison), "all are left out")
        for worker in workers[1:]:
            worker.check()
    by_offset = [(int(dict(each)["source_offset"]), dict(each)) for each in letters(rig)]
    assert {offset: each["detail"] for offset, each in by_offset}.keys() == {
        letter.row for letter in expected.dead_letters
    }
    for offset, letter in by_offset:
        where = "share" if names[offset].startswith(IN_SHARE) else "the merge"
        assert letter["detail"].startswith(f"PoisonError: this event is poison (in {where}")
        assert (letter["reason"], letter["stage"]) == ("step_failed", "step")
        assert letter["payload"] == payloads[offset].decode()


def letters(rig: CrashRig) -> list[tuple[tuple[str, str], ...]]:
    """Return headers and payload of every dead letter."""
    read = rig.read(rig.topology.output.dead_letters)
    return [(*headers_of(each).items(), ("payload", (each.value or b"").decode())) for each in read]


def test_a_topic_between_stages_must_take_large_messages(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a stage would stop at a large one: the worker does not start, and says the remedy."""
    parts = topic_names("parts")
    create_topic(kafka, parts, SHARES + 1)
    rig = keyed(kafka, topic_names, tmp_path, ROOT / "rules")
    observer = FakeObserver()
    assert run_worker(rig.topology, FakeEngine().as_engine(), observer) == EXIT_FAILED
    assert observer.errors == ["topics"]
    assert caplog.messages == [
        f"{parts} takes messages of 1048588 bytes, a stage may send 16777216: "
        f"kafka-configs --bootstrap-server {kafka} --alter --entity-type topics --entity-name {parts} "
        "--add-config max.message.bytes=16777216"
    ]
