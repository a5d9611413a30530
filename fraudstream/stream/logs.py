"""Which log lines of the libraries reach the operator."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

FAUST_LOG = logging.getLogger("faust")
"""For our subclasses of Faust's services, which would else log under the name of our module."""


def configure_logging() -> None:
    """Log to standard error, one line each: ours from INFO on, the libraries' from WARNING on."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("fraudstream").setLevel(logging.INFO)


@contextmanager
def muted(name: str) -> Iterator[None]:
    """Keep a library's lines out of sight where its errors are handled."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
