"""The keys that end a live view."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from types import TracebackType

QUIT = b"q"


class Keys:
    """Reads single keys from a terminal while it is entered, and leaves the terminal as it was."""

    def __enter__(self) -> Keys:
        self._mode = termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None
        if self._mode is not None:
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if self._mode is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._mode)
        # Ctrl-C is one of the two ways to end it.
        return kind is KeyboardInterrupt

    def ended_within(self, seconds: float) -> bool:
        """Wait so long; return at once, and True, where q is pressed or the terminal is gone."""
        if self._mode is None:
            time.sleep(seconds)
            return False
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            # Not by the text layer, which would keep keys where `select` does not see them.
            if select.select([sys.stdin], [], [], left)[0]:
                pressed = os.read(sys.stdin.fileno(), 1_024)
                if QUIT in pressed.lower() or not pressed:
                    return True
        return False
