"""Topics as history, as far as no broker is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.commands import error_line
from tests.unit.rule_files import event, rule_file, rule_files, write_files

AWAY = "127.0.0.1:1"
NOT_THERE = f"{AWAY}: no Kafka broker there (Connection refused): start one with `make kafka-up`"
TOPOLOGY = f"""schema: fraudstream.topology/v1
name: away
kafka: {{bootstrap: '{AWAY}'}}
input: {{topic: events}}
output: {{alerts: alerts, dead_letters: dead, journal: journal}}
rules: rules
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with rules, an event, and a topology on a cluster that is away."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, {"a.jsonl": event("a"), "t.yml": TOPOLOGY.encode()})
    write_files(tmp_path / "rules", rule_files(rule_file()))


@pytest.mark.parametrize(
    "command",
    [
        ["backtest", "--data"],
        ["diff", "rules", "rules", "--data"],
        ["tune", "TST-ANY-001", "--param", "limit_usd", "--range", "1,2", "--data"],
        ["rules", "coverage", "--data"],
        ["replay"],
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("where", [[f"kafka://{AWAY}/events"], ["kafka://events", "--topology", "t.yml"]])
def test_every_command_that_folds_history_reads_topics(command: list[str], where: list[str]) -> None:
    """Where the broker is away that is one line, whoever has named it."""
    rule = rule_file("amount_usd > limit_usd", params="{limit_usd: 100}")
    write_files(Path("rules"), rule_files(rule))
    line = error_line(*command, *where)
    assert line.startswith(NOT_THERE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kafka://events"], "kafka://events: does not say on which cluster: write kafka://host:port/topic"),
        (["kafka://events@7", "--topology", "t.yml"], "kafka://events@7: '7' is no range: write @100..5000"),
        (
            [f"kafka://{AWAY}/events", "--order-by", "t"],
            f"kafka://{AWAY}/events: only .csv and .parquet files can be ordered: leave --order-by out",
        ),
        (["kafka://events", "--recorded"], "--recorded: is about one topic: name it as kafka://topic, with"),
        (["a.jsonl", "--recorded", "--topology", "t.yml"], "--recorded: is about one topic"),
        (["kafka://a", "kafka://b", "--recorded", "--topology", "t.yml"], "--recorded: is about one topic"),
        (
            ["kafka://payments", "--recorded", "--topology", "t.yml"],
            "payments: the workers of this topology judge events: name that topic",
        ),
        (["kafka://events", "--recorded", "--topology", "t.yml"], NOT_THERE),
    ],
)
def test_each_mistake_is_one_line(arguments: list[str], message: str) -> None:
    """Which place or option, what is wrong, what to do."""
    line = error_line("replay", *arguments)
    assert line.startswith(message)
