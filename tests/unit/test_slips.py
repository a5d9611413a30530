"""Slips that must never pass in silence, and the messages that answer them, room by room."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet
import pytest

from fraudstream.config import load_topology
from fraudstream.events.schema import Column, ColumnType, Schema
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.lint import lint
from fraudstream.rules.lock import LOCK_FILE, check_lock, new_lock
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.lock_file import read_lock
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.workbench.sources import SourceError, open_source
from tests.rulesets import RULES
from tests.unit.cli.commands import error_line, error_lines, fraudstream
from tests.unit.engine.test_selftest import results
from tests.unit.engine.test_wording import said
from tests.unit.rule_files import (
    SHARED_FILES,
    engine_of,
    event,
    lint_messages,
    outcomes,
    rule_file,
    rule_files,
    ruleset_of,
    write_files,
)
from tests.unit.rules.test_ruleset import faults
from tests.unit.rules.test_yaml_file import refusal
from tests.unit.workbench.test_sources import messages, written

WINDOW = "{{n: {{count: events, by: debtor.id, window: {}}}}}"


def test_messages_without_kind_and_amount_stop_nothing() -> None:
    """Where no message of a batch has a kind, each is refused, the currency beside it or not."""
    batch = [b'{"id":"a","currency":"USD"}', b'{"id":"b","currency":"USD"}']
    assert [letter.reason for letter in engine_of(rule_file()).step(batch).dead_letters] == [
        "missing_field"
    ] * 2


def test_zoned_times_of_a_table_are_instants(tmp_path: Path) -> None:
    """A timestamp that parquet shows in Shanghai is the same moment in UTC."""
    times = pa.array([datetime(2026, 3, 2, 12, tzinfo=UTC)], pa.timestamp("ms", "Asia/Shanghai"))
    pyarrow.parquet.write_table(pa.table({"at": times}), tmp_path / "a.parquet")
    ((row),) = messages(open_source(tmp_path / "a.parquet"))
    assert datetime.fromisoformat(row["at"]) == datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_nanoseconds_are_cut_to_microseconds(tmp_path: Path) -> None:
    """A finer clock is no reason to refuse a file."""
    times = pa.array([1_772_452_800_000_000_001], pa.timestamp("ns"))
    pyarrow.parquet.write_table(pa.table({"at": times}), tmp_path / "a.parquet")
    assert messages(open_source(tmp_path / "a.parquet")) == [{"at": "2026-03-02T12:00:00.000000"}]


def test_an_empty_cell_is_no_text(tmp_path: Path) -> None:
    """Customers without an id are not one customer; NA is a text, Namibia's."""
    path = written(tmp_path / "a.csv", "id,who,land\na,c1,NA\nb,,DE\n")
    assert [(row["who"], row["land"]) for row in messages(open_source(path))] == [("c1", "NA"), (None, "DE")]


def test_a_flat_table_with_our_names_needs_no_map(tmp_path: Path) -> None:
    """`debtor.id` as the name of a column is the nested field of the wire."""
    path = written(tmp_path / "a.csv", "id,debtor.id,debtor.name\na,c1,Ann\n")
    assert messages(open_source(path)) == [{"id": "a", "debtor": {"id": "c1", "name": "Ann"}}]


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """No name becomes the text of a Python object."""
    (tmp_path / "a.csv").write_bytes("id,name\na,Müller\n".encode("latin-1"))
    with pytest.raises(SourceError, match="not UTF-8"):
        messages(open_source(tmp_path / "a.csv"))


@pytest.mark.parametrize("window", ["24", "0", "3.5", "99999999d", "999999999w"])
def test_a_window_is_a_duration_of_some_years_at_most(window: str) -> None:
    """A number without a unit is no duration, and nobody waits a hundred years."""
    (fault,) = faults(rule_file("n > 1", features=WINDOW.format(window)))
    assert fault.startswith("x/0.yml:14:54: features.n.window: ")


def test_days_must_rise() -> None:
    """A rule that holds on no day is a mistake."""
    (fault,) = faults(rule_file(extra="effective: {from: 2026-09-01, to: 2026-09-01}\n"))
    assert fault.startswith("x/0.yml:12:12: effective: `to` must lie after `from`")


@pytest.mark.parametrize("number", ["99999999999999999999999", ".nan", ".inf"])
def test_a_number_that_cannot_be_held_is_refused(number: str) -> None:
    """Neither the engine nor the content hash knows it."""
    (fault,) = faults(rule_file(params=f"{{x: {number}}}"))
    assert fault == "x/0.yml:12:13: no finite number of 64 bits: write a smaller one"


def test_a_rule_outside_of_a_folder_is_told() -> None:
    """A file that nobody reads is not passed over in silence."""
    (fault,) = faults(rule_file(), **{"my-rule.yml": rule_file(rule_id="TST-ANY-002")})
    assert fault.startswith("my-rule.yml:1:1: ")


def test_the_base_of_the_rates_has_no_rate() -> None:
    """One dollar is one dollar."""
    rates = SHARED_FILES["rates.yml"].replace(b"EUR: 0.5", b"USD: 7")
    (fault,) = faults(rule_file(), **{"rates.yml": rates})
    assert "USD is the base, whose rate is 1: take it out" in fault


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: &x 1\nb: 2\n", "f.yml:1:4: anchors and aliases are not read: write the value out"),
        (b"a: 1\nb: *x\n", "f.yml:2:4: anchors and aliases are not read: write the value out"),
        (b"a: 1\n<<: {b: 2}\n", "f.yml:2:1: merge keys are not read: write the values out"),
        (b"a: !!omap [b: 1]\n", "f.yml:1:4: tags are not read: write the plain value"),
        (b"a: !!python/object/apply:os.system [x]\n", "f.yml:1:4: tags are not read: write the plain value"),
    ],
)
def test_what_plain_yaml_does_not_need(content: bytes, message: str) -> None:
    """Anchors, merges and tags: refused at their own place, never a crash."""
    assert refusal(content) == message


def test_deep_nesting_costs_nothing() -> None:
    """A file of brackets is refused at the fifty-first."""
    assert refusal(b"a: " + b"[" * 2_000) == "f.yml:1:53: nested more than 50 deep: flatten the file"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (rule_file('kind == "loan"', params="{kind: loan}"), "x/0.yml:12:16: kind is a word of the"),
        (rule_file("x > 1", params="{and: 3, x: 1}"), "x/0.yml:12:15: and is a word of the"),
        (
            rule_file("kind > 3", features="{kind: {count: events, by: debtor.id, window: 1h}}"),
            "x/0.yml:14:18: kind is a word of the language or a column: choose another name",
        ),
        (
            rule_file("n > 3", params="{n: 5}", features=WINDOW.format("1h")),
            "x/0.yml:14:15: n is a parameter as well: choose another name",
        ),
        (
            rule_file(then="{action: hold, score: 1, reason_code: ANY, suppress: {by: debtor.idd, for: 1h}}"),
            "x/0.yml:15:65: debtor.idd is no text column: did you mean debtor.id?",
        ),
        (
            rule_file(then="{action: hold, score: 1, reason_code: ANY, suppress: {by: device.lat, for: 1h}}"),
            "x/0.yml:15:65: device.lat is no text column",
        ),
        (rule_file("debtor.country in [creditor.country]"), "x/0.yml:13:26: creditor.country is no constant"),
        (rule_file("occurred_at - occurred_at > 9999999999d"), "x/0.yml:13:35: '9999999999d' is no duration"),
        (rule_file("occurred_at - occurred_at > 999999999w"), "x/0.yml:13:35: '999999999w' is longer than"),
        (
            rule_file("not " * 990 + "amount_usd > 1"),
            "x/0.yml:13:7: more than 100 operations in a row: split it",
        ),
        (rule_file("amount_usd > " + "-" * 3_000 + "1"), "x/0.yml:13:7: more than 100 operations in a row"),
        (rule_file("amount_usd > " + "1+" * 1_900 + "1"), "x/0.yml:13:7: more than 100 operations in a row"),
        (
            rule_file("\n  all:\n    - amount_usd > 1\n    - any: [amount_usd > 2,\n        amont_usd > 3]"),
            "x/0.yml:17:9: amont_usd is unknown: did you mean amount_usd?",
        ),
    ],
)
def test_nonsense_is_refused_at_its_place(rule: bytes, message: str) -> None:
    """Hidden columns, keys that are none, endless chains: one line, never silence, never a crash."""
    try:
        problems = lint_messages(rule)
    except RulesetError as error:
        problems = [str(problem) for problem in error.problems]
    assert len(problems) <= 2
    assert problems[-1].startswith(message)


def test_lists_may_be_put_together() -> None:
    """A list parameter inside of a list gives its items."""
    rule = rule_file("'debtor.country in [bad, \"US\"]'", params="{bad: [KP, IR]}")
    assert outcomes(
        engine_of(rule), *(event(land, debtor={"country": land}) for land in ("KP", "US", "DE"))
    ) == (2, 1, 0)


def test_windows_cannot_read_scores() -> None:
    """Windows are walked before any model scores: a condition on a score would count nothing, silently."""
    features = '{n: {count: events, where: score("anomaly") > 0, by: debtor.id, window: 1d}}'
    files = rule_files(rule_file("n >= 1", features=features))
    files["models/anomaly.yml"] = (RULES / "models" / "anomaly.yml").read_bytes()
    messages_ = [problem.message for problem in lint(build_ruleset(files), Schema(), {})]
    assert any("score takes the id of a model" in message for message in messages_)


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("purpose is not null", "purpose is not null"),
        ("5 - (-(amount_usd + amount_usd)) > 5", "5 - -(amount_usd + amount_usd) 18,205.00 USD > 5"),
    ],
)
def test_a_reason_reads_as_it_was_written(when: str, reason: str) -> None:
    """Signs keep their parentheses, and a present value is not a negated absence."""
    assert said(when)[0] == reason


def test_an_allowing_rule_is_not_kept_back() -> None:
    """The count of suppressed hits is about quiet keys alone."""
    allow = rule_file(
        "amount_usd > 0", then="{action: allow, score: 0, reason_code: ANY}", rule_id="TST-ANY-002"
    )
    assert engine_of(rule_file("amount_usd > 0"), allow).step([event("a")]).suppressed == 0


def test_a_case_whose_event_is_a_duplicate_is_no_hit() -> None:
    """An event with the id of one before is dropped, so it cannot pass for a hit."""
    case = "{name: a, history: [{}], event: {id: h0}, expect: hit}"
    ((_, got, _),) = results(rule_file(cases=f"[{case}], defaults: {{kind: transfer, amount_usd: 5}}"))
    assert got == "no valid event: its id was seen before"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("at: nonsense", "x/0.yml:16:17: case 'a' is no event: 'nonsense' is no ISO 8601 date and time"),
        ("at: -9999999d", "x/0.yml:16:17: case 'a' is no event: "),
        ("debtor: x, debtor.id: y", "x/0.yml:16:"),
        ("debtor.idd: x", "x/0.yml:16:47: debtor.idd is no column: did you mean debtor.id?"),
    ],
)
def test_a_case_that_cannot_be_made_is_told(tmp_path: Path, fields: str, message: str) -> None:
    """A slip in a test is one line, and never passes in silence."""
    rule = rule_file(cases=f"[{{name: a, event: {{{fields}}}, expect: hit}}]")
    rules = write_files(tmp_path, rule_files(rule))
    assert error_lines("rules", "test", rules)[0].startswith(message)


def test_a_removed_rule_wants_the_lock_to_know() -> None:
    """Else its id could be used again before anybody locks."""
    lock = new_lock(ruleset_of(rule_file()), {})
    (problem,) = check_lock(ruleset_of(), lock)
    assert "TST-ANY-001 has no file any more" in problem.message


@pytest.mark.parametrize(
    "content", [{"TST-ANY-001": 5}, {"TST-ANY-001": {}}, {"TST-ANY-001": {"version": "x", "hash": "y"}}]
)
def test_a_lock_of_another_shape_is_told(tmp_path: Path, content: dict[str, Any]) -> None:
    """A damaged lock is one line, not a crash."""
    (tmp_path / LOCK_FILE).write_bytes(orjson.dumps(content))
    with pytest.raises(RulesetError, match=r"rules\.lock\.json:1:1: "):
        read_lock(tmp_path)


def test_a_link_in_a_circle_is_refused(tmp_path: Path) -> None:
    """Like any link that leads to no file of the directory."""
    rules = write_files(tmp_path, rule_files(rule_file()))
    (rules / "x" / "loop.yml").symlink_to("loop.yml")
    with pytest.raises(RulesetError, match=r"^x/loop\.yml:1:1: "):
        load_ruleset(rules)


@pytest.mark.parametrize(
    ("estimator", "told"),
    [
        (
            "{kind: half_space_tree}",
            "36:19: estimator.kind: is never 'half_space_tree': did you mean",
        ),
        (
            "{kind: 3}",
            "36:19: estimator.kind: is never '3': write 'half_space_trees', 'loda', 'binned",
        ),
        ("{trees: 25}", "36:12: estimator.kind: the key is missing"),
        ("{kind: loda, binz: 30}", "36:31: estimator.binz: there is no such key: did you mean bins?"),
        (
            "{kind: loda, tree: 30}",
            "36:31: estimator.tree: there is no such key: known are bins, half_life, ",
        ),
        ("{kind: loda, bins: 3}", "36:31: estimator.bins: 3 is too small"),
        ("{kind: river, name: Foo}", "36:12: estimator: River has no detector 'Foo'"),
    ],
)
def test_lint_builds_the_models_too(tmp_path: Path, estimator: str, told: str) -> None:
    """What `run` would refuse, lint refuses, and says where it stands."""
    files = rule_files(rule_file())
    model = (RULES / "models" / "anomaly.yml").read_text()
    files["models/anomaly.yml"] = re.sub("estimator: .*", f"estimator: {estimator}", model).encode()
    rules = write_files(tmp_path, files)
    assert fraudstream("rules", "lock", rules).code == 0
    line = error_line("rules", "lint", rules)
    assert line.startswith(f"models/anomaly.yml:{told}")


@pytest.mark.parametrize("name", ["debtor", "id.x", "a b", "amount_usd", "", "a..b", "Region"])
def test_a_column_has_a_name_of_its_own(name: str) -> None:
    """A name that is part of another, or of none, would break every event."""
    with pytest.raises(ValueError, match="column"):
        Schema().with_columns((Column(name, ColumnType.TEXT),))


@pytest.mark.parametrize("line", ["lateness: 300\n", "duplicates: {horizon: 24}\n"])
def test_a_topology_s_durations_have_units(tmp_path: Path, line: str) -> None:
    """300 is neither seconds nor milliseconds."""
    path = tmp_path / "t.yml"
    path.write_text(
        'schema: fraudstream.topology/v1\nname: n\nkafka: {bootstrap: "h:1"}\ninput: {topic: a}\n'
        f"output: {{alerts: b, dead_letters: c, journal: d}}\nrules: x\n{line}"
    )
    with pytest.raises(RulesetError, match="has no unit"):
        load_topology(path)


# tests/unit/engine/test_duplicates.py
def test_an_empty_id_is_no_customer() -> None:
    """Two customers without an id are not one."""
    rule = rule_file("n >= 2", features=WINDOW.format("1h"))
    events = [event(f"e{number}", debtor={"id": ""}) for number in range(3)]
    assert outcomes(engine_of(rule), *events) == (0, 0, 3)


@pytest.mark.parametrize("when", ["1 == 1", '"true"'])
def test_a_clause_that_never_changes_is_refused(when: str) -> None:
    """DESIGN: the loader refuses unreachable clauses."""
    assert lint_messages(rule_file(when)) != []
