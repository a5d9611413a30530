"""What the load tests ask of a worker, whatever it is about to do."""

from __future__ import annotations

from pathlib import Path

from loadtest.demo_worker import Worker
from tests.half_an_answer import half_an_answer


def test_a_worker_that_ends_while_it_answers_shows_nothing() -> None:
    """As a zombie does that learns of its heir just then: half a page is none."""
    with half_an_answer() as port:
        assert Worker(Path("single.yml"), "nowhere:1", port, Path("worker.log")).metrics() == {}
