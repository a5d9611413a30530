"""How dead letters are shown, as tables, texts and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from fraudstream.events.times import parse_time
from fraudstream.rules.durations import parse_duration

if TYPE_CHECKING:
    from fraudstream.stream.letter_summary import Summary
    from fraudstream.stream.letters import Letter, Position
    from fraudstream.stream.redriving import Plan, Redrive

POSITIONS_SHOWN = 10


def since_ms(text: str, now: datetime) -> int:
    """Return a time in milliseconds since 1970 UTC: ISO 8601, or a duration before now; ValueError else."""
    if text[:1].isdecimal() and text[-1:].isalpha() and "T" not in text:
        ago = timedelta(microseconds=parse_duration(text))
        return int((now - ago).timestamp() * 1000)
    return parse_time(text) // 1000


def letter_table(found: Summary) -> Table:
    """Return the letters of a summary, one a row."""
    table = Table("Letter", "Written", "Reason", "Stage", "Source", "Sent back", "Detail", box=None)
    for each in found.newest:
        source = f"{each.source_topic}[{each.source_partition}] {each.source_offset}"
        sent_back = "yes" if each.position in found.redriven else ""
        cells = (str(each.position), written(each), each.reason, each.stage, source, sent_back, each.detail)
        # A detail may quote anything, also what looks like markup.
        table.add_row(*map(Text, cells))
    return table


def reason_table(found: Summary) -> Table:
    """Return how many letters there are by reason, the most first."""
    table = Table("Reason", box=None)
    table.add_column("Letters", justify="right")
    for reason, count in found.by_reason.most_common():
        table.add_row(Text(reason), f"{count:,}")
    return table


def summary_json(found: Summary) -> dict[str, Any]:
    """Return a summary as one JSON object."""
    return {
        "letters": [letter_json(each, each.position in found.redriven) for each in found.newest],
        "by_reason": dict(found.by_reason.most_common()),
    }


def letter_json(letter: Letter, redriven: bool) -> dict[str, Any]:
    """Return a letter without its payload."""
    return {
        "letter": str(letter.position),
        "written": written(letter),
        "reason": letter.reason,
        "stage": letter.stage,
        "exception": letter.exception,
        "detail": letter.detail,
        "source": {
            "topic": letter.source_topic,
            "partition": letter.source_partition,
            "offset": letter.source_offset,
        },
        "left_behind": letter.left_behind,
        "redriven": redriven,
    }


def written(letter: Letter) -> str:
    """Return when a letter was written, to the millisecond."""
    moment = datetime.fromtimestamp(letter.appended_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def letter_lines(letter: Letter, redriven: bool) -> Iterator[str]:
    """Yield everything about a letter, its payload last."""
    yield f"letter     {letter.position}, written {written(letter)}"
    yield f"reason     {letter.reason}, at stage {letter.stage}"
    if letter.exception is not None:
        yield f"exception  {letter.exception}"
    yield f"detail     {letter.detail}"
    yield f"source     {letter.source_topic}[{letter.source_partition}] {letter.source_offset}"
    yield f"sent back  {'yes' if redriven else 'no'}"
    yield f"key        {_shown(letter.key)}"
    yield f"payload    {_payload(letter)}"
    if letter.cards_masked:
        yield "           card numbers in it are masked, the source has it as it came"


def _payload(letter: Letter) -> str:
    if letter.left_behind is None:
        return _shown(letter.value)
    if letter.left_behind == "gone":
        return "gone from the input before the letter was written"
    why = {
        "policy": "the topology withholds payloads (privacy, output.dead_letter_payloads)",
        "too_large": "it was too large for the dead-letter topic",
    }.get(letter.left_behind, letter.left_behind)
    return f"withheld, {letter.left_behind_bytes} bytes with the key: {why}; it stands at the source"


def _shown(content: bytes | None) -> str:
    return "none" if content is None else content.decode(errors="backslashreplace")


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield what would not be sent, and why."""
    if plan.sent_before:
        yield f"sent back before, left alone (--again sends them): {positions(plan.sent_before)}"
    for why, count in Counter(plan.refused.values()).items():
        which = [position for position, its in plan.refused.items() if its == why]
        yield f"{count} cannot be sent, {why}: {positions(which)}"


def outcome_lines(done: Redrive) -> Iterator[str]:
    """Yield what was sent and what was not."""
    yield f"sent and acknowledged: {positions(done.sent)}"
    if done.failure is None:
        return
    if done.unknown:
        yield f"not known whether sent: {positions(done.unknown)}"
    yield f"not sent: {positions(done.not_sent)}"
    yield f"stopped at {done.failure}: mend that and run it again, what was sent is not sent twice"


def positions(these: Collection[Position]) -> str:
    """Return how many letters there are, and the first of them."""
    if not these:
        return "none"
    first = sorted(these)[:POSITIONS_SHOWN]
    more = f" and {len(these) - len(first):,} more" if len(these) > len(first) else ""
    return f"{len(these):,} ({' '.join(map(str, first))}{more})"
