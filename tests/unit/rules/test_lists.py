"""Lists: provenance, days, and the same content from YAML and CSV."""

from __future__ import annotations

import pytest

from fraudstream.events.times import parse_time
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.lists import ListEntry, NamedList
from fraudstream.rules.ruleset import build_ruleset
from tests.unit.rule_files import rule_file, rule_files

YAML = b"""schema: fraudstream.list/v1
id: bad-payees
title: Payees that were mules
source: Own cases
retrieved: 2026-09-01
entries:
  - {value: a1, from: 2026-01-01, to: 2026-02-01, note: "closed, then opened again"}
  - {value: a1, from: 2026-02-01}
  - {value: "007"}
"""
CSV = b"""# schema: fraudstream.list/v1
# id: bad-payees
# title: Payees that were mules
# source: Own cases
# retrieved: 2026-09-01
value,from,to,note
a1,2026-01-01,2026-02-01,"closed, then opened again"
a1,2026-02-01,,
007,,,
"""


def loaded(name: str, content: bytes) -> NamedList:
    """Return the one list of a rule directory."""
    ruleset = build_ruleset(rule_files(rule_file(), **{f"lists/{name}": content}))
    (only,) = ruleset.lists.values()
    return only


def faults(name: str, content: bytes) -> list[str]:
    """Return the problems of a list that does not load."""
    with pytest.raises(RulesetError) as caught:
        loaded(name, content)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "content"), [("b.yml", YAML), ("b.csv", CSV), ("b.csv", b"\xef\xbb\xbf" + CSV)]
)
def test_yaml_and_csv_say_the_same(name: str, content: bytes) -> None:
    """Values stay texts, days become event times, what is not said stays open."""
    named = loaded(name, content)
    january, february = parse_time("2026-01-01T00:00:00Z"), parse_time("2026-02-01T00:00:00Z")
    assert (named.id, named.source, str(named.retrieved)) == ("bad-payees", "Own cases", "2026-09-01")
    assert named.entries == (
        ListEntry("a1", january, february, "closed, then opened again"),
        ListEntry("a1", february, None, None),
        ListEntry("007", None, None, None),
    )
    assert named.entries_of["a1"] == named.entries[:2]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"source: Own cases\n", b"", "lists/b.yml:1:1: source: the key is missing: add it"),
        (
            b"retrieved: 2026",
            b"retreived: 2026",
            "lists/b.yml:5:12: retreived: there is no such key: did you mean retrieved?",
        ),
        (b'"007"', b"7", "lists/b.yml:9:13: entries.2.value: 7 is no text: put it in quotes"),
        (b'"007"', b'" 7"', "lists/b.yml:9:13: entries.2.value: ' 7' begins or ends with a blank: remove it"),
        (
            b"2026-02-01}",
            b"2026-02-30}",
            "lists/b.yml:8:23: entries.1.from: '2026-02-30' is no day: write it as 2026-09-01",
        ),
        (
            b"2026-02-01}",
            b"2026-01-31}",
            "lists/b.yml:8:5: 'a1' is on the list twice at the same time: keep one entry, or part their days",
        ),
        (
            b"to: 2026-02-01",
            b"to: 2026-01-01",
            "lists/b.yml:7:5: entries.0: `to` must lie after `from`: the entry would never be on the list",
        ),
        (
            b"id: bad-payees",
            b"id: Bad",
            "lists/b.yml:2:5: id: 'Bad' does not fit ^[a-z][a-z0-9]*([_-][a-z0-9]+)*$: correct it",
        ),
    ],
)
def test_a_fault_of_a_list_is_told_where_it_stands(old: bytes, new: bytes, fault: str) -> None:
    """Missing provenance, misspelt keys, numbers for texts, days that are none, and entries said twice."""
    assert old in YAML
    assert fault in faults("b.yml", YAML.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"# source: Own cases\n", b"", "lists/b.csv:1:1: source: the key is missing: add it"),
        (
            b"# source",
            b"# sauce",
            "lists/b.csv:4:3: 'sauce' is no key of a list, written `# key: value`: did you mean source?",
        ),
        (b"# source", b"# id", "lists/b.csv:4:1: the key stands twice: keep one of them"),
        (
            b"value,from,to",
            b"value,from,too",
            "lists/b.csv:6:1: 'too' is no heading of a list: did you mean to?",
        ),
        (b"value,from", b"from,from", "lists/b.csv:6:1: 'from' is no heading of a list: did you mean from?"),
        (b"007,,,", b"007,,", "lists/b.csv:9:1: 3 cells under 4 headings: quote commas, or add the missing"),
        (
            b"007,,,",
            b"007,soon,,",
            "lists/b.csv:9:5: entries.2.from: 'soon' is no day: write it as 2026-09-01",
        ),
        (b'again"', b"again", "lists/b.csv:10:1: no CSV: unexpected end of data: correct the quotes"),
        (
            b"007",
            b"a1",
            "lists/b.csv:9:1: 'a1' is on the list twice at the same time: keep one entry, or part their days",
        ),
        (b"007", b"\xff", "lists/b.csv:9:1: byte 211 is not UTF-8: save the file as UTF-8"),
    ],
)
def test_a_fault_of_a_csv_list_is_told_where_it_stands(old: bytes, new: bytes, fault: str) -> None:
    """The line is that of the file, whatever stands before the header."""
    assert old in CSV
    assert fault in faults("b.csv", CSV.replace(old, new, 1))


def test_two_lists_have_ids_of_their_own() -> None:
    """A condition names a list by its id, which must say which."""
    files = rule_files(rule_file(), **{"lists/a.yml": YAML, "lists/b.csv": CSV})
    with pytest.raises(
        RulesetError, match=r"^lists/b\.csv:2:1: id bad-payees is already used by lists/a\.yml"
    ):
        build_ruleset(files)


def test_a_list_is_part_of_the_version() -> None:
    """Whoever changes a list changes what is decided."""
    changed = CSV.replace(b"007", b"008")
    versions = [
        build_ruleset(rule_files(rule_file(), **{"lists/b.csv": content})).version
        for content in (CSV, changed)
    ]
    assert versions[0] != versions[1]
