"""Secrets: the topology names a variable or a file, and what these hold is shown nowhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from fraudstream.config.part import Part, SettingError

SECRET_BYTES_MAX = 4_096
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
MASK = "***"
MASKED_CHARS_MIN = 4
"""A shorter secret is in every other word."""
_IN_FULL = "write {env: NAME_OF_A_VARIABLE} or {file: PATH}: a secret itself never stands in a topology"


class Revealed(str):
    """A secret as it is, which shows itself as a mask wherever data are printed for people to read."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{MASK}'"


class SecretPlace(Part):
    """Where a secret is: in a variable or in a file."""

    env: str | None = Field(None, pattern=VARIABLE)
    """The environment variable that holds it."""
    file: Path | None = None
    """The file that holds it, relative to the topology; a line end behind it does not count."""

    def reveal(self, environment: Mapping[str, str] | None = None) -> Revealed:
        """Return the secret; SettingError where nothing holds it. From now on logs mask it."""
        environment = os.environ if environment is None else environment
        held = environment.get(self.env, "") if self.env is not None else self._read()
        if not held:
            raise SettingError(f"{self.place}: there is no secret in it: set it, or name another")
        _revealed.add(held)
        return Revealed(held)

    @property
    def place(self) -> str:
        """What holds the secret, for messages."""
        return f"variable {self.env}" if self.env is not None else str(self.file)

    def _read(self) -> str:
        assert self.file is not None
        try:
            with self.file.open("rb") as file:
                content = file.read(SECRET_BYTES_MAX + 1)
        except OSError as error:
            raise SettingError(f"{self.file}: cannot be read ({error.strerror}): check the path") from None
        try:
            text = content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise SettingError(f"{self.file}: is no UTF-8: a secret is a text of one line") from None
        if len(content) > SECRET_BYTES_MAX or "\n" in text:
            raise SettingError(f"{self.file}: is no text of one line of at most {SECRET_BYTES_MAX} bytes")
        return text


def _checked(value: object) -> object:
    """Refuse what is no reference before anything could quote it: it may be the secret itself."""
    if isinstance(value, SecretPlace):
        return value
    if not isinstance(value, Mapping) or len(value) != 1 or not value.keys() <= {"env", "file"}:
        raise ValueError(_IN_FULL)
    (kind, name) = next(iter(value.items()))
    if not isinstance(name, str) or not name or (kind == "env" and not re.fullmatch(VARIABLE, name)):
        raise ValueError(_IN_FULL)
    return value


Secret = Annotated[SecretPlace, BeforeValidator(_checked, json_schema_input_type=SecretPlace)]
"""A secret, named by where it is: `{env: NAME}` or `{file: PATH}`."""

_revealed: set[str] = set()
"""Every secret that this process has read, so that nothing says it by accident."""


def masked(text: str) -> str:
    """Return a text without the secrets that this process has read, unless they are very short."""
    for secret in sorted(_revealed, key=len, reverse=True):
        if len(secret) >= MASKED_CHARS_MIN:
            text = text.replace(secret, MASK)
    return text
