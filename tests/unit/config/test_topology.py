"""The topology file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fraudstream.config import load_map, load_topology
from fraudstream.rules.errors import RulesetError

ROOT = Path(__file__).parents[3]
SMALL = """schema: fraudstream.topology/v1
name: small
kafka: {bootstrap: "host:9092"}
input: {topic: in}
output: {alerts: out, dead_letters: dead, journal: journal}
rules: some/rules
"""
MAP = "input: {topic: in, map: {id: no, kind: {const: login}, occurred_at: when}}\n"


def topology(tmp_path: Path, more: str = "", without: str = "") -> Path:
    """Write a small topology with some lines more, and without one."""
    path = tmp_path / "t.yml"
    path.write_text("".join(f"{line}\n" for line in SMALL.splitlines() if line != without.strip()) + more)
    return path


def fault(path: Path) -> str:
    """Return what is wrong with a topology."""
    with pytest.raises(RulesetError) as caught:
        load_topology(path)
    return "\n".join(f"{each.line}:{each.column}: {each.message}" for each in caught.value.problems)


@pytest.mark.parametrize("path", sorted(ROOT.glob("topologies/*.yml")), ids=lambda path: path.name)
def test_the_repository_s_topologies_load(path: Path) -> None:
    """Each points at a rule directory that exists; map files stand beside them."""
    if path.name.endswith(".map.yml"):
        assert load_map(path)
    else:
        assert load_topology(path).rules.is_dir()


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    """Group, partitions, lateness, how far ahead events may be, duplicates and metrics."""
    loaded = load_topology(topology(tmp_path))
    settings = loaded.settings()
    assert (loaded.kafka.group, loaded.input.partitions) == ("fraudstream", 1)
    assert (settings.limits.lateness_us, settings.duplicates.horizon_us) == (300_000_000, 86_400_000_000)
    assert settings.ahead_us == 3_600_000_000
    assert (loaded.metrics.host, loaded.metrics.port) == ("127.0.0.1", 9464)
    assert loaded.input.map is None


def test_the_rule_directory_counts_from_the_file(tmp_path: Path) -> None:
    """Wherever the command runs."""
    assert load_topology(topology(tmp_path)).rules == tmp_path / "some" / "rules"


@pytest.mark.parametrize("taken", ["out", "dead", "journal"])
def test_shadow_alerts_have_a_topic_of_their_own(tmp_path: Path, taken: str) -> None:
    """They are written where a topic takes them, and never into one that takes something else."""
    output = "output: {alerts: out, dead_letters: dead, journal: journal}"
    assert not load_topology(topology(tmp_path)).settings().shadow_alerts

    def told(name: str) -> Path:
        return topology(tmp_path, output.replace("}", f", shadow: {name}}}\n"), output)

    loaded = load_topology(told("whispers"))
    assert (loaded.output.told, loaded.settings().shadow_alerts) == (("out", "whispers"), True)
    assert f"output.shadow: {taken} takes other messages already" in fault(told(taken))


def test_another_cluster_is_put_in(tmp_path: Path) -> None:
    """`--kafka` goes before the file, None leaves it."""
    loaded = load_topology(topology(tmp_path))
    assert loaded.with_kafka("other:1").kafka.bootstrap == "other:1"
    assert loaded.with_kafka(None) == loaded


def test_columns_and_map_reach_the_engine(tmp_path: Path) -> None:
    """A deployment's own columns may be mapped."""
    columns = "columns: {region: {type: text, required: true, choices: [north, south]}}\n"
    path = topology(tmp_path, columns + MAP.replace("when}", "when, region: r}"), "input: {topic: in}")
    settings = load_topology(path).settings()
    column = settings.schema.column("region")
    assert column is not None
    assert column.choices == frozenset({"north", "south"})
    assert settings.mapping is not None


@pytest.mark.parametrize(
    ("more", "without", "place", "message"),
    [
        ("latenes: 5m\n", "", "7:10", "latenes"),
        ("lateness: soon\n", "", "7:11", "'soon' is no duration: write a whole number and s, m, h, d or w"),
        ("ahead_max: 0s\n", "", "7:12", "ahead_max"),
        ("metrics: {port: 70000}\n", "", "7:17", "metrics.port"),
        ("", "name: small", "1:1", "name: the key is missing: add it"),
        ('kafka: {bootstrap: "host"}\n', 'kafka: {bootstrap: "host:9092"}', "6:20", "kafka.bootstrap"),
        ("input: {topic: in put}\n", "input: {topic: in}", "6:16", "input.topic"),
        ("input: {topic: in, partitions: 0}\n", "input: {topic: in}", "6:32", "input.partitions"),
        ("columns: {x: {type: money}}\n", "", "7:21", "columns.x.type"),
        ("columns: {id: {type: text}}\n", "", "1:1", "column 'id' is declared twice: choose another name"),
        (
            "input: {topic: in, map: {id: no, kind: kind}}\n",
            "input: {topic: in}",
            "1:1",
            "map: says nothing of the required occurred_at: add where to find them",
        ),
        (
            MAP.replace("when}", "when, who: c}"),
            "input: {topic: in}",
            "1:1",
            "map: 'who' is no column: declare it under columns, or use one of the schema",
        ),
        (
            MAP.replace("when}", "{from: when, zone: Mars}}"),
            "input: {topic: in}",
            "6:",
            "'Mars' is no IANA time zone: write one such as Europe/Berlin or UTC",
        ),
    ],
)
def test_a_fault_is_told_where_it_stands(
    tmp_path: Path, more: str, without: str, place: str, message: str
) -> None:
    """Line, column, and what is wrong."""
    found = fault(topology(tmp_path, more, without))
    assert found.startswith(place)
    assert message in found


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """The path that was given, and what to do."""
    with pytest.raises(
        RulesetError, match=r"t\.yml:1:1: cannot be read \(No such file or directory\): check"
    ):
        load_topology(tmp_path / "t.yml")


LABELS = "labels: {topic: told, partitions: 2}\n"
KEYED = "keyed: {partitions: 2, parts: parts, found: found}\n"
WARM = "rules: {directory: rules, warm_from: input}\n"
EXACTLY, KEPT = "processing_guarantee: exactly_once\n", "checkpoints: {url: state}\n"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (KEPT, "keyed needs `processing_guarantee: exactly_once`, so that stages agree"),
        (EXACTLY + KEPT + LABELS, "keyed takes no labels yet: learn from them in a topology without keyed"),
        (EXACTLY, "keyed needs checkpoints: workers find the rules of other workers beside them"),
        (EXACTLY + KEPT + WARM, "keyed takes no rules.warm_from yet: take it out; new features begin when"),
    ],
)
def test_stages_need_transactions_and_a_place_for_rules(tmp_path: Path, more: str, message: str) -> None:
    """A keyed topology without either is refused before anything is sent."""
    without = "rules: some/rules" if WARM in more else ""
    assert message in fault(topology(tmp_path, KEYED + more, without))


def test_a_keyed_topology_loads(tmp_path: Path) -> None:
    """With both it is complete."""
    keyed = load_topology(topology(tmp_path, KEYED + EXACTLY + KEPT)).keyed
    assert keyed is not None
    assert (keyed.partitions, keyed.parts, keyed.found) == (2, "parts", "found")


def test_labels_have_numbers_below_those_of_events(tmp_path: Path) -> None:
    """One number per partition that is folded, and the way back; without labels there is nothing to learn."""
    loaded = load_topology(topology(tmp_path, LABELS))
    places = [("in", 0), ("in", 7), ("told", 0), ("told", 1)]
    assert [loaded.number(place) for place in places] == [0, 7, -1, -2]
    assert [loaded.place(loaded.number(place)) for place in places] == places
    waits = loaded.settings().labels
    assert waits is not None
    assert (waits.wait_us, waits.events_max) == (30 * 86_400_000_000, 1_000_000)
    assert load_topology(topology(tmp_path)).settings().labels is None


BUNDLE = "rules: {bundle: b, trust: [ann.pub, bob.pub]}\n"


def test_rules_may_be_a_bundle(tmp_path: Path) -> None:
    """Every path counts from the file, a second person is asked for, and a directory is not made up."""
    loaded = load_topology(topology(tmp_path, BUNDLE + "audit: log.jsonl\n", "rules: some/rules"))
    source = loaded.rule_source
    assert (source.bundle, loaded.audit) == (tmp_path / "b", tmp_path / "log.jsonl")
    assert source.trust == (tmp_path / "ann.pub", tmp_path / "bob.pub")
    assert source.approval == "required"
    with pytest.raises(
        RulesetError, match="is a bundle, not a rule directory: see `fraudstream rules unpack`"
    ):
        assert loaded.rules


def test_rules_may_come_from_a_topic(tmp_path: Path) -> None:
    """Of the topology's own cluster; there is no directory either."""
    rules = "rules: {topic: fraudstream.rulesets, trust: [ann.pub, bob.pub]}\n"
    loaded = load_topology(topology(tmp_path, rules, "rules: some/rules"))
    assert (loaded.rule_source.topic, loaded.rule_source.approval) == ("fraudstream.rulesets", "required")
    with pytest.raises(
        RulesetError, match=r"fraudstream\.rulesets:1:1: has bundles, not a rule directory: see"
    ):
        assert loaded.rules


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            "{bundle: b, trust: [ann.pub]}",
            "rules.trust has too few keys: name the publisher's public key, and an",
        ),
        ("{bundle: b, trust: [ann.pub, ann.pub]}", "rules.trust has too few keys"),
        ("{bundle: b, trust: [], approval: none}", "rules.trust has too few keys"),
        ("{bundle: b, directory: d, trust: [ann.pub, bob.pub]}", "name one of them"),
        ("{bundle: b, topic: t, trust: [ann.pub, bob.pub]}", "name one of them"),
        ("{topic: t, trust: [ann.pub]}", "rules.trust has too few keys"),
        ("{topic: no topic, trust: [ann.pub, bob.pub]}", "rules.topic"),
        ("{trust: [ann.pub]}", "rules are a directory, or {bundle: FILE, trust: [PUBLIC_KEY_FILE]}"),
        ("{directory: d, trust: [ann.pub]}", "rules.trust is about bundles: name one, or leave trust out"),
        ("{bundle: b, trust: [ann.pub], approval: maybe}", "rules.approval"),
    ],
)
def test_a_bundle_needs_somebody_to_trust(tmp_path: Path, rules: str, message: str) -> None:
    """And two of them where two must sign."""
    found = fault(topology(tmp_path, f"rules: {rules}\n", "rules: some/rules"))
    assert found.startswith("6:")
    assert message in found


def test_one_key_is_enough_without_approval(tmp_path: Path) -> None:
    """Whoever says so."""
    rules = "rules: {bundle: b, trust: [ann.pub], approval: none}\n"
    assert load_topology(topology(tmp_path, rules, "rules: some/rules")).rule_source.approval == "none"


def test_a_secret_that_is_renewed_behind_a_link_is_read_anew(tmp_path: Path) -> None:
    """Kubernetes mounts a secret as links into a folder, which another folder replaces when it changes."""
    (tmp_path / "conf").mkdir()
    for version in ("old", "new"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "token").write_text(f"a-token-that-is-{version}")
    link = tmp_path / "secrets"
    link.symlink_to("old")
    loaded = load_topology(
        topology(tmp_path / "conf", "metrics: {auth: {token: {file: ../secrets/token}}}\n")
    )
    link.unlink()
    shutil.rmtree(tmp_path / "old")
    link.symlink_to("new")
    assert loaded.metrics.auth is not None
    assert loaded.metrics.auth.token is not None
    assert loaded.metrics.auth.token.reveal() == "a-token-that-is-new"
