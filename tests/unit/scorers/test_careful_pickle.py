"""The pickle of a River pipeline is read back; one that was tampered with runs nothing."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from fraudstream.scorers.careful_pickle import read_pickle
from fraudstream.scorers.protocol import ScorerError
from fraudstream.scorers.river_names import DETECTORS, pipeline


@pytest.mark.parametrize("scaler", ["min_max", "standard", "none"])
@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_every_pipeline_of_a_model_file_is_read_back(name: str, scaler: str) -> None:
    """It goes on as the one that was saved."""
    try:
        made = pipeline(name, {}, scaler, seed=1)
    except ScorerError:
        pytest.skip("River's detector needs parameters")
    rows = [{"a": number % 7 / 7, "b": number % 11 / 11} for number in range(300)]
    for row in rows:
        made.score_one(row)
        made.learn_one(row)
    read = read_pickle(pickle.dumps(made))
    assert [read.score_one(row) for row in rows[:20]] == [made.score_one(row) for row in rows[:20]]


class Attack:
    """What calls a function when it is read."""

    def __init__(self, called: Any, *given: Any) -> None:
        self._call = called, given

    def __reduce__(self) -> Any:
        return self._call


def test_a_tampered_pickle_runs_nothing(tmp_path: Path) -> None:
    """Whatever it names that is no part of a pipeline is refused, before it is called."""
    there = tmp_path / "ran"
    for attack in (Attack(os.mkdir, str(there)), Attack(eval, f"open({str(there)!r}, 'w')")):
        with pytest.raises(ScorerError, match="the state is not one that River has saved"):
            read_pickle(pickle.dumps(attack))
    assert not there.exists()
    hidden = b"\x80\x04\x8c\x0eriver.datasets\x8c\x07os.path\x93."
    for content in (hidden, b"", b"no pickle"):
        with pytest.raises(ScorerError):
            read_pickle(content)
