"""What a test does on an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


def run(loop: asyncio.AbstractEventLoop, scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario, which may not take long."""
    loop.run_until_complete(asyncio.wait_for(scenario(), 5))
