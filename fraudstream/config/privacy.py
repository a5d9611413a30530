"""How personal data leave in alerts, and where the keys for that are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from fraudstream.config.part import Part, SettingError
from fraudstream.config.secret import Secret, SecretPlace
from fraudstream.engine.privacy.keyring import KEY_BYTES, KEY_ID, Keyring
from fraudstream.engine.privacy.policy import KEYED, Privacy, Treatment
from fraudstream.events.schema import Schema, Sensitivity

_KeyId = Annotated[str, Field(pattern=f"^{KEY_ID}$")]


class PrivacySpec(Part):
    """How personal data leave in alerts; without it they do not (docs/privacy.md)."""

    personal: Treatment = Treatment.WITHHOLD
    """How personal columns leave."""
    columns: Mapping[str, Treatment] = {}
    """How single personal columns leave otherwise, by name."""
    sensitivity: Mapping[str, Sensitivity] = {}
    """What columns are classified as otherwise, by name."""
    keys: Mapping[_KeyId, Secret] = {}
    """Where the keys are, 32 bytes each as 64 hex digits, by their ids."""
    active_key: str | None = None
    """The id of the key that new alerts are made with; the others open what was made before."""

    @model_validator(mode="after")
    def _fits(self) -> PrivacySpec:
        wanted = sorted(KEYED.intersection([self.personal, *self.columns.values()]))
        if wanted and self.active_key is None:
            raise ValueError(f"privacy: {wanted[0]} needs a key: name it under keys, and as active_key")
        if self.active_key is not None and self.active_key not in self.keys:
            raise ValueError(f"privacy: active_key {self.active_key} is not among keys: say where it is")
        return self

    def check(self, schema: Schema) -> None:
        """Raise ValueError where a column is named that this treats in no way."""
        for name in self.columns:
            column = schema.column(name)
            if column is None or column.sensitivity is not Sensitivity.PERSONAL:
                what = "no column" if column is None else f"{column.sensitivity}"
                raise ValueError(
                    f"privacy.columns: {name} is {what}: only personal columns are treated, see "
                    "`fraudstream privacy columns`"
                )

    def policy(self, keys: Keyring | None = None) -> Privacy:
        """Return what the engine needs to know."""
        return Privacy(self.personal, self.columns, keys)

    def keyring(self) -> Keyring | None:
        """Read the keys, None where none is named; SettingError where one is not there."""
        if self.active_key is None:
            return None
        return Keyring({key_id: _key(place) for key_id, place in self.keys.items()}, self.active_key)


def _key(place: SecretPlace) -> bytes:
    try:
        key = bytes.fromhex(place.reveal().strip())
    except SettingError:
        raise
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingError(f"{place.place}: holds no key: 64 hex digits, as from `openssl rand -hex 32`")
    return key
