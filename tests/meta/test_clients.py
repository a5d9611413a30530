"""One place says how to get to the cluster, so that no client is made without TLS and user."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "fraudstream"
PLACE = PACKAGE / "stream" / "clients.py"


def test_no_other_file_names_the_servers_of_a_client() -> None:
    """They come with all else that a client needs; `knocking.py` takes them out."""
    texts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    words = ('"bootstrap_servers": ', "bootstrap_servers=")
    assert [path for path, text in texts.items() if any(word in text for word in words)] == [PLACE]
