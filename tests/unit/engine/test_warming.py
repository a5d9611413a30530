"""After the warm-up no event waits for a compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.engine.step import Settings
from fraudstream.engine.warming import warm_up
from fraudstream.features.catalogue import DAY_US, Limits
from fraudstream.rules.ruleset import build_ruleset
from tests.unit.rule_files import rule_file, rule_files

READY = """
import sys
from numba.core.dispatcher import Dispatcher
from fraudstream.engine.step import Engine, Settings
from fraudstream.engine.warming import warm_up

def ready():
    modules = [module for name, module in sys.modules.items() if name.startswith("fraudstream")]
    kernels = {each for module in modules for each in vars(module).values() if isinstance(each, Dispatcher)}
    return {(each.py_func.__qualname__, str(types)) for each in kernels for types in each.overloads}
"""

CODE = """
from loadtest.traffic import generate
from tests.rulesets import small_model_ruleset

ruleset = small_model_ruleset()
warm_up(ruleset, Settings())
engine = Engine(ruleset)
warm = ready()
alerts = 0
payloads = generate(3_000, 1, duplicate_share=0.02, malformed_share=0.02).payloads
for start in range(0, len(payloads), 100):
    alerts += len(engine.step(payloads[start : start + 100]).alerts)
engine.reload(engine.prepare(ruleset))
engine.step(payloads[:1])
assert alerts > 10, alerts
print(sorted(ready() - warm))
"""

LATER = """
from tests.unit.engine.test_models import EVENTS, labels, model, payments
from tests.unit.rule_files import rule_file, rule_files
from fraudstream.rules.ruleset import build_ruleset

models = {
    "spared": model("spared", "{kind: half_space_trees}", more="learn: not_alerted", warm_up=4_000),
    "known": model("known", "{kind: binned_logistic, first: 1000}"),
    "blended": model("blended", "{kind: blend}", '{a: score("spared"), b: score("known")}'),
}
files = {f"models/{name}.yml": data for name, data in models.items()}
ruleset = build_ruleset(rule_files(rule_file("amount_usd > 2000", cases="[]", status="live"), **files))
warm_up(ruleset, Settings())
engine = Engine(ruleset)
warm = ready()
for start in range(0, EVENTS, 500):
    engine.step(payments()[start : start + 500])
    engine.learn(labels(range(start, start + 500)))
print(sorted(ready() - warm))
"""


@pytest.mark.parametrize("code", [CODE, LATER])
def test_nothing_is_compiled_on_the_hot_path(code: str) -> None:
    """No kernel is compiled or loaded while traffic is judged and labels are learned, nor at a reload."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", READY + code]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (0, ["[]"]), ran.stdout + ran.stderr


def test_what_a_topology_says_of_windows_holds_for_the_warm_up_too() -> None:
    """A median over 50 days is fine where windows are exact for 60."""
    features = "{n: {median: amount_usd, by: debtor.id, window: 50d}}"
    ruleset = build_ruleset(rule_files(rule_file("amount_usd > n", features=features, cases="[]")))
    warm_up(ruleset, Settings(limits=Limits(exact_us=60 * DAY_US)))
