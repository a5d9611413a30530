"""Gathers what the test processes tell of the brokers that served them."""

from __future__ import annotations

from typing import Any

import pytest

BROKERS = pytest.StashKey[list[str]]()
_WORD = "fraudstream_brokers"


def pytest_configure(config: pytest.Config) -> None:
    """Begin with none."""
    config.stash[BROKERS] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand them to the process that prints, where this is not it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_WORD] = session.config.stash[BROKERS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take them from a process that has ended, or has died and told none."""
    node.config.stash[BROKERS] += getattr(node, "workeroutput", {}).get(_WORD, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which brokers served, so that nobody takes the embedded one for Apache Kafka."""
    for name in config.stash[BROKERS]:
        terminalreporter.write_line(f"integration tests ran on: {name}")
