"""Asks the worker of this container whether it lives; exit code 0 for yes, 1 for no.

Takes another address than the worker's default as its argument. Over HTTPS the certificate is not checked:
it names the host that others see, and this is a talk of the container with itself.
"""

from __future__ import annotations

import ssl
import sys
import urllib.request

URL = "http://127.0.0.1:9464/health/live"
SECONDS_MAX = 4.0


def lives(url: str) -> bool:
    """Whether a page answers with 200 in time."""
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    direct = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=unchecked)
    )
    try:
        with direct.open(url, timeout=SECONDS_MAX) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if lives(sys.argv[1] if len(sys.argv) > 1 else URL) else 1)
