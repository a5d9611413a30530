"""Bundles on a topic: published in transactions, taken by every worker, and refused as files are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ACLOperation, ConfigResource, ConfigResourceType, ResourceType

from fraudstream.config import Topology, load_topology
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.audit_log import AuditLog
from fraudstream.stores.bundles.bundle import Draft, pack
from fraudstream.stores.bundles.errors import BundleError
from fraudstream.stores.bundles.keys import SigningKey, write_key_pair
from fraudstream.stores.bundles.messages import BUNDLE, key_of
from fraudstream.stores.bundles.shelf import Shelf
from fraudstream.stream.admin import create_topics
from fraudstream.stream.embedded import free_port
from fraudstream.stream.rule_publishing import TopicPlace
from fraudstream.stream.rule_topic import RuleTopic
from fraudstream.stream.topic_settings import doubts, topic_settings
from loadtest.demo_worker import Worker
from loadtest.waiting import until
from tests.integration.acls import denied
from tests.integration.broker import delete_topics
from tests.integration.rule_rig import RuleRig
from tests.integration.stream_rig import set_limit
from tests.unit.cli.commands import error_line
from tests.unit.rule_files import event, rule_file, rule_files

pytestmark = pytest.mark.integration

NOW = "2026-03-02T08:00:00Z"
M1, M2 = (rule_files(rule_file(f'creditor.account == "{to}"', cases="[]")) for to in ("m1", "m2"))


def draft(files: Mapping[str, bytes], repeats: int | None = None) -> Draft:
    """Return what Ann says of a ruleset."""
    return Draft(ruleset=build_ruleset(files).version, published_at=NOW, author="Ann", repeats=repeats)


class Office:
    """Ann publishes to a topic, Bob approves, and others write there past them."""

    def __init__(self, kafka: str, topic_names: Callable[[str], str], folder: Path) -> None:
        self.ann, self.bob = write_key_pair(folder / "ann"), write_key_pair(folder / "bob")
        self.topic = topic_names("rulesets")
        source = f"rules: {{topic: {self.topic}, trust: [ann.pub, bob.pub]}}\naudit: worker.jsonl"
        self.rig = RuleRig(kafka, folder, topic_names, {}, source)
        self.log = folder / "office.jsonl"

    @property
    def topology(self) -> Topology:
        """The topology whose rules they publish."""
        return self.rig.topology

    def shelf(self, keep: int = 20) -> Shelf:
        """Return what a command of theirs publishes with."""
        return Shelf(TopicPlace(self.topology, self.topic), self.log, keep)

    def publish(self, files: Mapping[str, bytes], keep: int = 20, repeats: int | None = None) -> int:
        """Publish as Ann; return the sequence."""
        return self.shelf(keep).publish(files, draft(files, repeats), self.ann).manifest.sequence

    def approve(self) -> None:
        """Approve as Bob."""
        self.shelf().approve("Bob", NOW, self.bob)

    def slip_in(self, sequence: int, content: bytes) -> None:
        """Write a bundle to the topic."""
        with closing(KafkaProducer(bootstrap_servers=self.rig.kafka)) as producer:
            producer.send(self.topic, content, key_of(BUNDLE, sequence)).get(10)

    def packed(self, sequence: int, by: SigningKey | None = None) -> bytes:
        """Return a bundle of the first rules."""
        return pack(M1, draft(M1), sequence, by or self.ann)


@pytest.fixture
def office(kafka: str, topic_names: Callable[[str], str], tmp_path: Path) -> Office:
    """Return an office whose topic is empty."""
    return Office(kafka, topic_names, tmp_path)


def another(worker_of: RuleRig, folder: Path) -> Worker:
    """Return a second worker, with a metrics port of its own."""
    port = free_port()
    file = folder / "second.yml"
    file.write_text(
        worker_of.file.read_text().replace(f"port: {worker_of.topology.metrics.port}", f"port: {port}")
    )
    return Worker(file, worker_of.kafka, port, folder / "second.log")


def running(worker: Worker) -> tuple[str, str]:
    """Return sequence and version of what a worker has taken up last."""
    ((bundle, _, version),) = worker.metrics()["fraudstream_ruleset_info"]
    return bundle, version


def test_two_workers_take_what_is_published_and_approved(office: Office, tmp_path: Path) -> None:
    """Not approved, by a stranger, tampered, stale: refused, and a start takes the newest that is left."""
    office.publish(M1)
    office.approve()
    rig, second = office.rig, another(office.rig, tmp_path)
    one, two = (build_ruleset(files).version for files in (M1, M2))

    def send(name: str) -> None:
        rig.send(*(event(f"{name}-{to}", creditor={"account": to}) for to in ("m1", "m2")))

    def refused(reason: str, worker: Worker = rig.worker) -> None:
        def by(worker: Worker) -> float | None:
            return worker.metrics()["fraudstream_ruleset_refusals_total"].get((reason,))

        until(lambda: by(worker) == 1, f"what is {reason} is refused")

    def taken(bundle: int, version: str, *workers: Worker) -> None:
        until(lambda: all(running(each) == (str(bundle), version) for each in workers), f"{bundle} is taken")

    def stages(worker: Worker) -> Mapping[tuple[str, ...], float]:
        return worker.metrics()["fraudstream_stage_ruleset_info"]

    with rig.worker:
        taken(1, one, rig.worker)
        office.publish(M2)
        refused("unapproved")
        send("a")
        office.approve()
        taken(2, two, rig.worker)
        send("b")
        office.slip_in(3, office.packed(3, by=write_key_pair(tmp_path / "stranger")))
        refused("wrong_key")
        office.slip_in(4, office.packed(4).replace(b"m1", b"m2"))
        refused("tampered")
        office.slip_in(1, office.packed(1))
        refused("stale")
        with second:
            taken(2, two, second)
            refused("tampered", second)
            assert office.publish(office.shelf().earlier(1).files, repeats=1) == 5
            office.approve()
            taken(5, one, rig.worker, second)
            until(lambda: stages(rig.worker) == {("shard", one): 1}, "the first judges by it")
            assert stages(second) == {}
            send("c")
            assert rig.alerts() == ["a-m1", "b-m2", "c-m1"]
    entries = AuditLog(tmp_path / "worker.jsonl").verify().entries
    assert {(each.event, each.details.get("reason") or each.details["sequence"]) for each in entries} == {
        *(("load", each) for each in (1, 2, 5)),
        *(("refuse", each) for each in ("unapproved", "wrong_key", "tampered", "stale")),
    }


def test_a_worker_does_not_begin_without_a_bundle(office: Office) -> None:
    """It ends with one line that says what to do, also where the topic is not there."""
    line = error_line("run", "--topology", office.rig.file)
    assert line == (
        f"{office.topic}: there is no bundle on the topic yet: "
        "publish one by `fraudstream rules publish`, and start again"
    )
    office.rig.file.write_text(office.rig.file.read_text().replace(office.topic, f"{office.topic}-x"))
    line = error_line("run", "--topology", office.rig.file)
    assert line.endswith(f": no topic {office.topic}-x: create it with `fraudstream topics create`")


@pytest.mark.parametrize("operation", [ACLOperation.READ, ACLOperation.ALL])
def test_a_denied_topic_is_named_with_the_remedy(office: Office, operation: ACLOperation) -> None:
    """To a worker as to a publisher."""
    office.publish(M1)
    kafka = office.rig.kafka
    with denied(kafka, operation, ResourceType.TOPIC, office.topic):
        line = error_line("run", "--topology", office.rig.file)
        with pytest.raises(BundleError, match=f"this worker is denied Read on topic {office.topic}: "):
            office.shelf().newest()
    assert f"this worker is denied Read on topic {office.topic}: remove the ACL that denies it, or" in line
    with (
        denied(kafka, ACLOperation.WRITE, ResourceType.TOPIC, office.topic),
        pytest.raises(BundleError, match=f"is denied Write on topic {office.topic}: "),
    ):
        office.publish(M1)
    name = f"{office.topic}.publish"
    with (
        denied(kafka, ACLOperation.WRITE, ResourceType.TRANSACTIONAL_ID, name),
        pytest.raises(BundleError, match=f"is denied Write on transactional-id {name}: "),
    ):
        office.publish(M1)
    assert office.publish(M1) == 2


def test_history_stays_and_what_is_older_goes(office: Office) -> None:
    """Of two publishers at a time one is told to look; what a topic does not take is told with its remedy."""
    for files in (M1, M2, M1):
        office.publish(files)
    office.approve()
    assert office.publish(M2, keep=2) == 4
    assert list(office.shelf().place.kept()) == [3, 4]
    assert office.shelf().earlier().manifest.sequence == 3
    place = office.shelf().place
    with place.alone():
        assert office.publish(M1) == 5
        with pytest.raises(BundleError, match="somebody else has begun to publish there meanwhile"):
            place.prepare(5, office.packed(5))
    assert list(office.shelf().place.kept()) == [3, 4, 5]
    set_limit(office.rig.kafka, office.topic, 2_000)
    with pytest.raises(BundleError, match=r"bundle 6 needs a message of \d+ bytes, the topic takes 2000: "):
        office.publish(M1)
    assert list(office.shelf().place.kept()) == [3, 4, 5]


def test_the_topic_is_compacted(office: Office) -> None:
    """So `topics create` makes it, and another one is told of."""
    topology = load_topology(office.rig.file)
    assert list(doubts(topology, topic_settings(topology))) == []
    setting = {"cleanup.policy": "delete"}
    with closing(KafkaAdminClient(bootstrap_servers=office.rig.kafka)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, office.topic, configs=setting)])
    (line,) = doubts(topology, topic_settings(topology))
    assert line.startswith(f"{office.topic}: bundles leave it by time or size (cleanup.policy=delete), and")
    assert line.endswith(f"--entity-name {office.topic} --add-config cleanup.policy=compact")


def test_a_topic_that_goes_away_is_told_once_and_read_again(office: Office) -> None:
    """What comes once it is made anew is all of it news."""
    reader = RuleTopic(office.topology, office.topic)
    office.publish(M1)
    office.publish(M2)
    assert [key for key, _ in reader.read()] == [key_of(BUNDLE, 1), key_of(BUNDLE, 2)]
    assert reader.read() == []
    delete_topics(office.rig.kafka, {office.topic})
    until(lambda: "no topic" in told(reader), "it is told")
    assert reader.read() == []
    create_topics(office.topology)
    assert office.publish(M1) == 3
    until(lambda: [key for key, _ in reader.read()] == [key_of(BUNDLE, 3)], "it is read again")
    reader.close()


def told(reader: RuleTopic) -> str:
    """Return what is told of the topic, nothing where nothing is."""
    try:
        reader.read()
    except BundleError as error:
        return str(error)
    return ""
