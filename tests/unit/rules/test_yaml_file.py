"""YAML with good errors: what is refused, at which line and column."""

from __future__ import annotations

import pytest

from fraudstream.rules.errors import RulesetError
from fraudstream.rules.yaml_file import FILE_BYTES_MAX, read_yaml


def refusal(content: bytes) -> str:
    """Return the one problem of a file."""
    with pytest.raises(RulesetError) as caught:
        read_yaml("f.yml", content)
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", "f.yml:4:3: the key stands twice: keep one of them"),
        (b"a: 1\na: 1\n", "f.yml:2:1: the key stands twice: keep one of them"),
        (b"a: 1\nb: M\xfcller\n", "f.yml:2:5: byte 9 is not UTF-8: save the file as UTF-8"),
        (b"", "f.yml:1:1: the file must be a mapping of keys to values"),
        (b"a: 1\nb: x\x00\n", "f.yml:2:5: U+0000 is a control character: remove it"),
        (b"a: !!python/name:os.system x\n", "f.yml:1:4: tags are not read: write the plain value"),
        (b"<<: {a: 1}\n", "f.yml:1:1: merge keys are not read: write the values out"),
        (b"? [a]\n: 1\n", "f.yml:1:3: a key must be a plain text: write `key: value`"),
        (b"a: 1e999\n", "f.yml:1:4: no finite number of 64 bits: write a smaller one"),
        (b"a: " + b"9" * 100_000, "f.yml:1:4: no finite number of 64 bits: write a smaller one"),
        (b"a: [.inf]\n", "f.yml:1:5: no finite number of 64 bits: write a smaller one"),
        (b"a: " + b"[" * 60, "f.yml:1:53: nested more than 50 deep: flatten the file"),
        (b"- 1\n", "f.yml:1:1: the file must be a mapping of keys to values"),
        (b"# nothing\n", "f.yml:1:1: the file must be a mapping of keys to values"),
    ],
)
def test_what_is_not_read(content: bytes, message: str) -> None:
    """Each fault is one line with its place and remedy."""
    assert refusal(content) == message


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"a: [1, 2\nb: 3\n", "f.yml:2:2: "),
        (b"a: 1\n\tb: 2\n", "f.yml:2:1: "),
        (b"a: 'x\n", "f.yml:"),
        (b"a: 1\n---\nb: 1\n", "f.yml:2:1: "),
        (b"a: b: c\n", "f.yml:1:5: "),
    ],
)
def test_what_is_no_yaml_says_where(content: bytes, place: str) -> None:
    """Whatever the parser stumbles over, the line is told, in one line of text."""
    message = refusal(content)
    assert message.startswith(f"{place}")
    assert "not well-formed YAML: " in message
    assert "\n" not in message


def test_a_huge_file_is_not_parsed() -> None:
    """A file above the limit is refused by its size."""
    content = b"a: " + b"x" * FILE_BYTES_MAX
    assert refusal(content) == "f.yml:1:1: the file has 262147 bytes, at most 262144 are read: split it"


def test_a_deep_file_is_refused() -> None:
    """Nesting that would exhaust the parser is no crash."""
    assert refusal(b"a: " + b"[" * 400).startswith("f.yml:1:")


def test_norway_stays_a_country() -> None:
    """YAML 1.2 knows no `no`, `on` or `off` as truth values, and no sixties as numbers."""
    file = read_yaml("f.yml", b"a: [no, NO, on, off, yes, y, 1:30, true, null, 010]")
    assert file.data["a"] == ["no", "NO", "on", "off", "yes", "y", "1:30", True, None, 10]


def test_dates_stay_texts() -> None:
    """A day is written as it was."""
    assert read_yaml("f.yml", b"day: 2026-09-01").data == {"day": "2026-09-01"}


def test_every_key_and_item_has_a_place() -> None:
    """A fault is told at its own value, or at the nearest part that encloses it."""
    file = read_yaml("f.yml", b"a:\n  b: [10,\n      20]\n  c: x\n")
    assert str(file.problem(("a", "b", 1), "m")) == "f.yml:3:7: m"
    assert str(file.problem(("a", "c"), "m", 4)) == "f.yml:4:10: m"
    assert str(file.problem(("a", "c", "d"), "m", 4)) == "f.yml:4:6: m"
    assert str(file.problem(("z",), "m")) == "f.yml:1:1: m"


def test_anchors_and_aliases_are_refused() -> None:
    """A small file cannot be made huge, and a reader sees every value where it counts."""
    for content in (b"a: &x 1\nb: 2\n", b"a: 1\nb: *x\n"):
        assert "anchors and aliases are not read: write the value out" in refusal(content)
