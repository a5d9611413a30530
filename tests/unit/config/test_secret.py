"""Secrets are named by where they are, and shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from fraudstream.config.part import SettingError
from fraudstream.config.secret import SECRET_BYTES_MAX, Secret, masked

CANARY = "canary-of-secrets-51f3"
ADAPTER = TypeAdapter(Secret)


def refusal(path: Path) -> str:
    """Return why a file holds no secret."""
    with pytest.raises(SettingError) as caught:
        ADAPTER.validate_python({"file": str(path)}).reveal()
    return str(caught.value)


def test_a_secret_is_read_where_it_is(tmp_path: Path) -> None:
    """From a variable, or from a file without the end of its line."""
    (tmp_path / "s").write_text(f"{CANARY}\n")
    assert ADAPTER.validate_python({"env": "S"}).reveal({"S": CANARY}) == CANARY
    assert ADAPTER.validate_python({"file": str(tmp_path / "s")}).reveal() == CANARY


def test_what_is_read_is_masked_wherever_it_is_printed() -> None:
    """In the repr of whatever holds it, and in texts that quote it."""
    secret = ADAPTER.validate_python({"env": "S"})
    settings = {"password": secret.reveal({"S": CANARY})}
    assert CANARY not in f"{settings} {secret!r} {settings['password']!r}"
    assert masked(f"refused: {CANARY}!") == "refused: ***!"


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        {"env": f"not a name {CANARY}"},
        {"value": CANARY},
        {"env": "A", "file": CANARY},
        {"env": [CANARY]},
        {"file": ""},
        [CANARY],
        None,
    ],
)
def test_a_secret_itself_is_refused_and_not_quoted(value: object) -> None:
    """Whoever writes it into a topology is told where it belongs."""
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python(value)
    (fault,) = caught.value.errors()
    assert "a secret itself never stands in a topology" in fault["msg"]
    assert CANARY not in fault["msg"]


def test_what_holds_no_secret_is_told(tmp_path: Path) -> None:
    """A variable that is not set, and files that are missing, empty, of two lines, too long, or no text."""
    with pytest.raises(SettingError, match="variable S: there is no secret in it: set it, or"):
        ADAPTER.validate_python({"env": "S"}).reveal({"S": ""})
    path = tmp_path / "s"
    assert refusal(path).endswith("s: cannot be read (No such file or directory): check the path")
    for content, told in (
        (b"\n", "there is no secret in it"),
        (b"a\nb", "is no text of one line"),
        (b"a" * (SECRET_BYTES_MAX + 1), "is no text of one line of at most 4096 bytes"),
        (b"\xff", "is no UTF-8"),
    ):
        path.write_bytes(content)
        assert told in refusal(path)
