"""The fraudtwin worlds through the product: the project's own rules, and two models laid over them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import orjson

from fraudstream.engine.awaiting import Wait
from fraudstream.engine.step import Settings
from fraudstream.stores.rule_directory import load_ruleset
from loadtest.quality.fraudtwin import Worlds
from loadtest.quality.passes import Said, Turn, run
from loadtest.quality.prequential import STEP_US
from loadtest.quality.product import label
from loadtest.quality.windows import days

RULES = Path(__file__).parents[2] / "rules"
OVERLAY = Path(__file__).with_name("fraudtwin_rules")
_FIRST_DAY = np.datetime64("2026-01-01", "us")


def judged(worlds: Worlds, rules: Path = RULES, overlay: Path = OVERLAY) -> Said:
    """Return what the rules and models say of every payment; labels are told at the full hour after."""
    with TemporaryDirectory() as folder:
        both = Path(folder) / "rules"
        shutil.copytree(rules, both)
        shutil.copytree(overlay, both, dirs_exist_ok=True)
        ruleset = load_ruleset(both)
    return run(ruleset, Settings(labels=Wait(days(10))), len(worlds.time_us), _turns(worlds))


def _turns(worlds: Worlds) -> Iterator[Turn]:
    """Yield the payments hour by hour; hours in which nothing is paid tell their labels in the next one."""
    messages = [*_messages(worlds)]
    told = np.argsort(worlds.known_us, kind="stable")
    hours, begins = np.unique(worlds.time_us // STEP_US, return_index=True)
    known = np.searchsorted(worlds.known_us[told], hours * STEP_US, side="right")
    labelled = 0
    for begin, end, known_now in zip(begins, [*begins[1:], len(messages)], known, strict=True):
        yield (
            [label(f"p{each}", worlds.fraud[each]) for each in told[labelled:known_now].tolist()],
            messages[begin:end],
        )
        labelled = known_now


def _messages(worlds: Worlds) -> Iterator[bytes]:
    """Yield the payments as they are when they begin: a card's purchases and transfers, in reais."""
    times = np.datetime_as_string(_FIRST_DAY + worlds.time_us.astype("timedelta64[us]"), unit="s")
    columns = (times, worlds.payer, worlds.payee, worlds.card, worlds.amount)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for number, (time, payer, payee, card, amount_minor) in enumerate(rows):
        purchase = {"kind": "card_payment", "card": {"id": f"c{card}"}, "merchant": {"id": f"m{payee}"}}
        yield orjson.dumps(
            {
                "id": f"p{number}",
                "occurred_at": f"{time}Z",
                "amount": amount_minor / 100,
                "currency": "BRL",
                "debtor": {"id": f"d{payer}", "account": f"a{payer}"},
                "creditor": {"account": f"a{payee}p"},
                **({"kind": "transfer"} if card < 0 else purchase),
            }
        )
