"""The page of a back-test: whole in itself, and readable by any reader."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from fraudstream.workbench.answers import LabelColumn
from fraudstream.workbench.backtest_report import report
from fraudstream.workbench.charts import Pair, Strip, day_strips, days_per_bar, heatmap, pair_bars
from fraudstream.workbench.page import page
from tests.unit.rule_files import event, rule_file
from tests.unit.workbench.histories import backtest_of

RULES = [
    rule_file(rule_id="TST-ONE-001"),
    rule_file("amount_usd > 300", rule_id="TST-TWO-001"),
    rule_file("amount_usd > 900", rule_id="TST-SHD-001", status="shadow"),
]
MESSAGES = [event(str(number), amount=number * 100, fraud=number > 5) for number in range(10)]
OPEN_ENDED = {"meta", "br"}


class Reader(HTMLParser):
    """Counts elements, and refuses those that are not closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen = Counter[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        self.seen[tag] += 1
        if tag not in OPEN_ENDED:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element that is closed at once."""
        self.seen[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self.open.pop() == tag


def read(text: str) -> Counter[str]:
    """Return how often each element is there."""
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader.seen


def test_the_page_is_whole_in_itself() -> None:
    """Nothing is fetched, nothing runs, and both schemes of colour are there."""
    text = page(report(backtest_of(RULES, MESSAGES, LabelColumn("fraud"), 3)))
    seen = read(text)
    assert (seen["script"], seen["link"], seen["img"], seen["svg"]) == (0, 0, 0, 3)
    assert not re.search(r"https?:|url\(|@import", text)
    assert "prefers-color-scheme:dark" in text


def test_its_tables_can_be_read_aloud() -> None:
    """Each has a caption, and a heading for every column and row; each chart has a title."""
    text = page(report(backtest_of(RULES, MESSAGES, LabelColumn("fraud"))))
    seen = read(text)
    assert seen["caption"] == seen["table"] == 3
    assert seen["tr"] == seen["thead"] + text.count('scope="row"')
    assert text.count('role="img"') == seen["svg"] == 3


def test_a_page_without_labels_or_hits() -> None:
    """Sections that would be empty say so."""
    text = page(report(backtest_of(RULES[:1], [event("a")])))
    assert (read(text)["svg"], read(text)["table"]) == (0, 1)
    assert "No rule told of anything." in text
    assert "No two rules hit the same event." in text


def test_charts_escape_what_they_show() -> None:
    """A name is a text, whatever stands in it."""
    for drawing in (
        day_strips([Strip("<b>", [1])], ["2026-03-02"], "<t>"),
        heatmap(["<b>", "<c>"], [[1, 0.5], [0.25, 1]], "<t>"),
        pair_bars([Pair("<b>", 0.5, None)], "<t>"),
    ):
        assert not {"b", "c", "t"} & read(drawing).keys()


def test_long_names_end_where_their_space_does() -> None:
    """The rest would run out of the drawing."""
    drawing = pair_bars([Pair("A" * 29, 1, 1), Pair("B" * 30, 1, 1)], "title")
    assert f">{'A' * 29}<" in drawing
    assert f">{'B' * 28}\u2026<" in drawing


@pytest.mark.parametrize(("days", "expected"), [(0, 1), (1, 1), (130, 1), (131, 2), (1_000, 8)])
def test_long_histories_have_several_days_to_a_bar(days: int, expected: int) -> None:
    """There are never more than 130 bars."""
    assert days_per_bar(days) == expected


def test_a_row_of_bars_has_its_own_scale() -> None:
    """Days without alerts have no bar, and the highest is told."""
    drawing = day_strips([Strip("one", [0, 1_234, 2])], ["a", "b", "c"], "title")
    assert drawing.count("M") - drawing.count('class="axis"') == 2
    assert ">1,234<" in drawing
