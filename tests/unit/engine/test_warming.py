"""After the warm-up no event waits for a compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from numba.core.dispatcher import Dispatcher
from fraudstream.engine.step import Engine, Settings
from fraudstream.engine.warming import warm_up
from loadtest.traffic import generate
from tests.rulesets import small_model_ruleset

def ready():
    modules = [module for name, module in sys.modules.items() if name.startswith("fraudstream")]
    kernels = {each for module in modules for each in vars(module).values() if isinstance(each, Dispatcher)}
    return {(each.py_func.__qualname__, str(types)) for each in kernels for types in each.overloads}

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


def test_nothing_is_compiled_on_the_hot_path() -> None:
    """No kernel is compiled or loaded while traffic is judged, nor at a reload."""
    root = Path(__file__).parents[3]
    ran = subprocess.run([sys.executable, "-c", CODE], cwd=root, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (0, ["[]"]), ran.stdout + ran.stderr
