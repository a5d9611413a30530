"""What must hold of a run, in words and as a check; docs/load.md is held against the words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loadtest.load.observed import Run, Sample, share_within, slope, total_letters
from loadtest.load.streams import DEAD, DUPLICATE, LATE

OBJECTIVE_SECONDS, OBJECTIVE_SHARE = 1.0, 0.99
"""As that of docs/operating.md: so many events are done with so soon."""
LAG_SECONDS_MAX = 2.0
BACK_SECONDS_MAX = 30.0
DRAIN_SECONDS_MAX = 60.0
ENTITIES_SHARE_MAX = 0.5
MEMORY_MB_PER_H_MAX = 50.0
MEMORY_MINUTES_MIN = 10.0
LAG_GROWTH_S_MAX = 1.0


@dataclass(frozen=True)
class Finding:
    """Whether something held, and what was seen."""

    held: bool
    seen: str


@dataclass(frozen=True)
class Claim:
    """Something that must hold: its name, a sentence, and the check."""

    name: str
    says: str
    check: Callable[[Run], Finding]


def _complete(run: Run) -> Finding:
    unread, told = int(run.figures.get("events_unread", 0)), run.accounted.total()
    if not run.accounted:
        return Finding(unread == 0, f"{run.sent:,} sent, {unread:,} unread")
    return Finding(unread == 0 and told == run.sent, f"{told:,} of {run.sent:,} accounted for")


def _same_alerts(run: Run) -> Finding:
    lost, different = int(run.figures["alerts_lost"]), int(run.figures["decisions_different"])
    expected = int(run.figures["alerts_expected"])
    held = expected > 0 and lost == different == 0
    return Finding(held, f"{expected:,} alerts, {lost:,} lost, {different:,} different")


def _once(run: Run) -> Finding:
    twice = int(run.figures["alerts_duplicated"]) + int(run.figures["dead_letters_duplicated"])
    return Finding(twice == 0, f"{twice:,} twice")


def _letters(run: Run) -> Finding:
    lost, other = int(run.figures["dead_letters_lost"]), int(run.figures["dead_letters_different"])
    return Finding(
        lost == other == 0, f"{run.figures['dead_letters_expected']:,}, {lost:,} lost, {other:,} other"
    )


def _objective(run: Run) -> Finding:
    share = share_within(run.latency, OBJECTIVE_SECONDS)
    return Finding(share >= OBJECTIVE_SHARE, f"{share:.2%}")


def _drained(run: Run) -> Finding:
    return Finding(run.drained_s <= DRAIN_SECONDS_MAX, f"{run.drained_s:.1f} s")


def back_after(share: float) -> Callable[[Run], Finding]:
    """Return a check that looks from a share of the run on for a lag that has come back and stays."""

    def check(run: Run) -> Finding:
        end_s = share * run.seconds
        after = [each for each in run.samples if each.seconds >= end_s]
        behind = [each.seconds for each in after if each.lag_s > LAG_SECONDS_MAX]
        back_s = max(behind, default=end_s) - end_s
        return Finding(bool(after) and back_s <= BACK_SECONDS_MAX and _at_rest(after), f"{back_s:.0f} s")

    return check


def _at_rest(samples: list[Sample]) -> bool:
    return samples[-1].lag_s <= LAG_SECONDS_MAX


def _survived(run: Run) -> Finding:
    return Finding(not run.blow, run.blow or "it went on")


def _late_counted(run: Run) -> Finding:
    late, sent = run.samples[-1].late, run.fates[LATE]
    return Finding(late == sent > 0, f"{late:,.0f} of {sent:,}")


def _duplicates_counted(run: Run) -> Finding:
    told, sent = run.samples[-1].duplicates, run.fates[DUPLICATE]
    return Finding(told == sent > 0, f"{told:,.0f} of {sent:,}")


def _letters_counted(run: Run) -> Finding:
    letters, sent = run.samples[-1].dead_letters, run.fates[DEAD]
    named = total_letters(letters)
    told = ", ".join(f"{reason} {number:,.0f}" for reason, number in sorted(letters.items()))
    return Finding(
        named == run.figures["dead_letters_expected"] == sent > 0, f"{named:,.0f} of {sent:,}: {told}"
    )


def _ahead_counted(run: Run) -> Finding:
    told, sent = run.samples[-1].dead_letters.get("ahead_of_time", 0.0), run.fates[DEAD]
    return Finding(told == sent > 0, f"{told:,.0f} of {sent:,}")


def _unharmed(run: Run) -> Finding:
    return Finding(run.good_lost == 0 == run.good_added, f"{run.good_lost} lost, {run.good_added} added")


def _watermark(run: Run) -> Finding:
    off_s = abs(run.watermark_s - run.newest_s)
    return Finding(off_s < 0.001, f"{off_s:g} s off")


def _entities_bounded(run: Run) -> Finding:
    kept = run.samples[-1].entities
    return Finding(0 < kept <= ENTITIES_SHARE_MAX * run.sent, f"{kept:,.0f} for {run.sent:,} messages")


def _evicted(run: Run) -> Finding:
    evicted = run.samples[-1].evicted_entities
    return Finding(evicted > 0, f"{evicted:,.0f}")


def _disk_told(run: Run) -> Finding:
    errors = max((each.checkpoint_errors for each in run.samples), default=0.0)
    return Finding(errors > 0, f"{errors:,.0f} counted")


def _disk_resumed(run: Run) -> Finding:
    first = next((each for each in run.samples if each.checkpoint_errors > 0), run.samples[-1])
    more = run.samples[-1].checkpoints - first.checkpoints
    return Finding(more > 0, f"{more:,.0f} written since")


def memory_mb_per_h(run: Run) -> float:
    """Return the slope of the memory over the second half of a run."""
    half = [each for each in run.samples if each.seconds >= run.seconds / 2]
    return 3_600 * slope((each.seconds, each.rss_mb) for each in half)


def _memory_flat(run: Run) -> Finding:
    mb_per_h = memory_mb_per_h(run)
    if run.seconds < 60 * MEMORY_MINUTES_MIN:
        return Finding(True, f"{mb_per_h:+,.0f} MB/h, too short to tell")
    return Finding(mb_per_h <= MEMORY_MB_PER_H_MAX, f"{mb_per_h:+,.0f} MB/h")


def _lag_flat(run: Run) -> Finding:
    quarters: tuple[list[float], list[float]] = ([], [])
    for each in run.samples:
        share = each.seconds / run.seconds
        if 0.25 <= share < 0.5 or 0.75 <= share <= 1:
            quarters[share >= 0.75].append(each.lag_s)
    second, last = (sum(part) / max(1, len(part)) for part in quarters)
    return Finding(last - second <= LAG_GROWTH_S_MAX, f"{second:.2f} s, then {last:.2f} s")


COMPLETE = Claim("complete", "Every message is a decision, a duplicate or a dead letter.", _complete)
SAME_ALERTS = Claim(
    "same_alerts",
    "The alerts are those of one engine that judges the same messages, byte by byte.",
    _same_alerts,
)
ONCE = Claim("once", "No alert and no dead letter is there twice.", _once)
LETTERS = Claim("dead_letters", "The dead letters are those of one engine too.", _letters)
OBJECTIVE = Claim("objective", "At least 99 % of the events are done with within 1 s.", _objective)
DRAINED = Claim("drained", "At most 60 s after the last message all are judged and committed.", _drained)
SURVIVED = Claim("survived", "The workers go on by themselves.", _survived)
LATE_COUNTED = Claim("late_counted", "Every late event is judged, and counted as late.", _late_counted)
DUPLICATES_COUNTED = Claim(
    "duplicates_counted", "Every repeated event is dropped, and counted.", _duplicates_counted
)
LETTERS_COUNTED = Claim(
    "reasons", "Every message that is none is a dead letter, counted by its reason.", _letters_counted
)
AHEAD_COUNTED = Claim(
    "ahead_counted", "Every event from ahead of time is a dead letter, ahead_of_time.", _ahead_counted
)
UNHARMED = Claim(
    "unharmed", "The plain events have the alerts that they would have without all the others.", _unharmed
)
WATERMARK = Claim("watermark", "The watermark is the time of the newest plain event.", _watermark)
ENTITIES_BOUNDED = Claim(
    "bounded",
    "In the end no feature is kept for more entities than for every second message.",
    _entities_bounded,
)
EVICTED = Claim("evicted", "Entities that no window reaches are forgotten, and counted.", _evicted)
DISK_TOLD = Claim(
    "disk_told", "Checkpoints that fail are counted (`errors_total`, stage checkpoint).", _disk_told
)
DISK_RESUMED = Claim("disk_resumed", "Once there is space again, checkpoints are written.", _disk_resumed)
MEMORY_FLAT = Claim(
    "memory_flat",
    "Memory grows by at most 50 MB/h over the second half (least squares; told from 10 minutes on).",
    _memory_flat,
)
LAG_FLAT = Claim(
    "lag_flat", "The lag of the last quarter is at most 1 s above that of the second, on average.", _lag_flat
)

WHOLE = (COMPLETE, SAME_ALERTS, LETTERS, DRAINED)
"""Of every scenario."""
CALM = (*WHOLE, ONCE, OBJECTIVE)
"""Of every scenario in which nobody is killed and nothing fails."""


def back(share: float) -> Claim:
    """Return the claim that the lag comes back from a share of the run on, after a disturbance."""
    return Claim(
        "back",
        "At most 30 s after it is over the oldest message that waits is younger than 2 s, to the end.",
        back_after(share),
    )
