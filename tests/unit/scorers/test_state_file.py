"""What a scorer has learned as a file: whole, readable, and nothing that can run."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
import pytest
import zstandard

from fraudstream.scorers import state_file
from fraudstream.scorers.protocol import ScorerError, Snapshot
from fraudstream.scorers.state_file import FORMAT, Header, Lessons, pack, unpack
from tests.unit.scorers.makers import SCORERS, equal, scored, stream

HEADER = Header(
    model="unusual",
    events_scored=260,
    lessons=Lessons(genuine=9, frauds=1),
    estimator={"kind": "loda"},
    scaler="standard",
    seed=11,
    features={"amount": {"expr": "amount_usd"}},
    windows={},
    ruleset="0123456789abcdef",
    fraudstream="0.1.0",
)
SMALL: Snapshot = {
    "model": "m",
    "a": np.arange(3.0),
    "b": np.array([[True]]),
    "c": np.zeros((0, 4), np.uint32),
}


def refusal(content: bytes) -> str:
    """Return why a file is refused."""
    with pytest.raises(ScorerError) as caught:
        unpack(content)
    return str(caught.value)


def written(change: Callable[[Any], None], body: bytes | None = None) -> bytes:
    """Return a file with its checksum, of which something made the header other than `pack` would."""
    _, _, rest = pack(HEADER, SMALL).partition(b"\n")
    text, _, own = rest.partition(b"\n\n")
    header = orjson.loads(text)
    change(header)
    rest = orjson.dumps(header) + b"\n\n" + (own if body is None else body)
    return b"fraudstream model state, format 1, sha256 %s\n" % sha256(rest).hexdigest().encode() + rest


@pytest.mark.parametrize("kind", [kind for kind in SCORERS if not kind.startswith("river")])
def test_a_scorer_goes_on_from_a_file(kind: str) -> None:
    """To the same bits; and the same state is the same bytes."""
    scorer, other = SCORERS[kind](), SCORERS[kind]()
    scorer.score_and_learn(stream(260, gaps=0.05))
    content = pack(HEADER, scorer.snapshot())
    header, snapshot = unpack(content)
    other.restore(snapshot)
    assert header == HEADER
    assert pack(header, other.snapshot()) == content
    later = stream(200, seed=1)
    assert equal(scored(scorer, later), scored(other, later))


def test_the_header_is_there_to_be_read() -> None:
    """The first lines of the file are text, and say what it is."""
    first, _, rest = pack(HEADER, SMALL).partition(b"\n")
    text = rest.partition(b"\n\n")[0].decode()
    assert first.startswith(b"fraudstream model state, format 1, sha256 ")
    assert '\n  "model": "unusual",\n  "events_scored": 260,\n' in text
    assert orjson.loads(text)["arrays"]["c"] == {"dtype": "<u4", "shape": [0, 4]}


def test_no_byte_can_change_unnoticed() -> None:
    """Wherever it stands."""
    content = pack(HEADER, SMALL)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        assert refusal(bytes(changed))
    message = "does not have its checksum, so it is damaged: export it again, or take an older one from "
    assert refusal(content[:-1]) == refusal(content + b" ") == f"{message}version control"


def test_what_is_no_state_is_told() -> None:
    """An empty file, and one of another kind."""
    message = "is no exported model state: name a file that `fraudstream model export` has written"
    assert refusal(b"") == refusal(b"schema: fraudstream.model/v1\n") == message


def test_a_newer_format_is_told() -> None:
    """Whatever it looks like behind its first line."""
    content = b"fraudstream model state, format 2, sha256 " + b"0" * 64 + b"\nwho knows"
    assert refusal(content) == (
        f"has format 2, this version reads up to {FORMAT}: run the version that wrote it, or a newer one"
    )


def test_a_pickle_is_neither_written_nor_read() -> None:
    """The state of a River estimator could run code."""
    river = HEADER.model_copy(update={"estimator": {"kind": "river", "name": "LODA"}})
    with pytest.raises(ScorerError, match="a pickle can run code: it is neither exported nor imported"):
        pack(river, SMALL)
    content = written(lambda header: header.update(estimator={"kind": "river"}))
    assert "a pickle can run code" in refusal(content)
    content = written(lambda header: header["arrays"]["a"].update(dtype="|O"))
    assert refusal(content).startswith("contradicts itself: ")


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("model"),
        lambda header: header.update(more=1),
        lambda header: header["arrays"]["a"].update(shape=[4]),
        lambda header: header["arrays"]["a"].update(shape=[-1]),
        lambda header: header["arrays"]["a"].update(shape=[1] * 9),
        lambda header: header.update(arrays=[]),
    ],
)
def test_a_file_that_something_else_has_written_is_told(change: Callable[[Any], None]) -> None:
    """It has its checksum, and is not what the header says."""
    assert refusal(written(change)).startswith(
        "contradicts itself: name a file that `fraudstream model export`"
    )


def test_a_body_that_is_none_is_told() -> None:
    """No zstd, another length, and something behind it."""
    plain = b"".join(part.tobytes() for part in SMALL.values() if not isinstance(part, str))
    compress = zstandard.ZstdCompressor().compress
    for body in (b"", b"no frame", compress(plain + b"x"), compress(plain) + b"x"):
        assert refusal(written(lambda header: None, body)).startswith("contradicts itself: ")


def test_a_count_below_zero_is_told() -> None:
    """A model that has seen less than nothing would divide by zero at its first event."""
    scorer = SCORERS["loda"]()
    snapshot = {**scorer.snapshot(), "scaler.counts": np.full(4, -1)}
    assert refusal(pack(HEADER, snapshot)).startswith("contradicts itself: ")


def test_a_large_state_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is written, when it is read, and before memory is reserved for it."""
    content = pack(HEADER, SMALL)
    huge = written(lambda header: header["arrays"]["a"].update(shape=[1 << 20, 1 << 20]))
    assert refusal(huge).startswith(
        "takes 8796093022209 bytes, at most 67108864 are kept in a file: make the"
    )
    monkeypatch.setattr(state_file, "STATE_BYTES_MAX", 20)
    assert refusal(content).startswith(f"takes {len(content)} bytes, at most 20 ")
    with pytest.raises(ScorerError, match="takes 25 bytes, at most 20 "):
        pack(HEADER, SMALL)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch.right", 1 << 20),
        ("epoch.right", 0),
        ("epoch.feature", 4),
        ("epoch.depth", 6),
        ("epoch.depth", -1),
        ("window.touched", 1 << 20),
        ("window.touched_counts", 0),
        ("window.touched_counts", 99),
        ("window.counts", 1),
        ("window.counts", -1),
        ("window.rows", -1),
        ("window.rows", 40),
    ],
)
def test_trees_that_lead_out_of_their_arrays_are_refused(name: str, value: int) -> None:
    """Kernels look where a state sends them: what is sent elsewhere is not taken."""
    scorer = SCORERS["half_space_trees"]()
    scorer.score_and_learn(stream(255))
    snapshot = dict(scorer.snapshot())
    SCORERS["half_space_trees"]().restore(snapshot)
    changed = np.array(snapshot[name])
    if name == "window.counts" and value == 1:
        changed[:, 0] += 1
    else:
        changed[..., 1 if changed.ndim > 1 else 0] = value
    with pytest.raises(ScorerError, match="is missing or does not fit: it is damaged"):
        SCORERS["half_space_trees"]().restore({**snapshot, name: changed})
