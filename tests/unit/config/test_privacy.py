"""What a topology says on personal data, and where its keys are."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.config import Topology, load_topology
from fraudstream.config.part import SettingError
from fraudstream.engine.privacy.policy import Treatment
from fraudstream.rules.errors import RulesetError
from tests.unit.config.test_topology import topology

HEX = "0123456789abcdef" * 4
KEYED = "active_key: now, keys: {before: {env: PRIVACY_BEFORE}, now: {file: now.key}}"


def loaded(tmp_path: Path, privacy: str, more: str = "") -> Topology:
    """Return a topology that says this under `privacy`."""
    return load_topology(topology(tmp_path, f"privacy: {{{privacy}}}\n{more}"))


def treatment(found: Topology, column: str) -> Treatment:
    """Return how a column leaves where all keys are there."""
    (wanted,) = (each for each in found.event_schema().columns if each.name == column)
    return found.privacy.policy().declared(wanted)


def test_what_says_nothing_withholds_personal_data(tmp_path: Path) -> None:
    """Payloads of dead letters too, and what their details would quote; a column is personal by itself."""
    found = load_topology(topology(tmp_path, "columns: {note: {type: text}}\n"))
    assert treatment(found, "debtor.name") == treatment(found, "note") == "withhold"
    assert treatment(found, "merchant.id") == "clear"
    assert (found.is_open, found.payloads_kept) == (False, False)
    assert found.event_schema().limits.quote_chars_max == 0


def test_all_may_leave_where_the_topology_says_so(tmp_path: Path) -> None:
    """Then messages may be kept and quoted, unless the topology withholds them all the same."""
    found = loaded(tmp_path, "personal: clear")
    assert (found.is_open, found.payloads_kept) == (True, True)
    assert found.event_schema().limits.quote_chars_max > 0
    assert found.settings().privacy.treatment(found.event_schema().columns[8]) == "clear"


@pytest.mark.parametrize(
    ("privacy", "more"),
    [
        ("personal: clear, columns: {purpose: withhold}", ""),
        ("personal: clear", "columns: {pin: {type: text, sensitivity: secret}}\n"),
        ("personal: clear, sensitivity: {purpose: secret}", ""),
    ],
)
def test_one_column_held_back_holds_whole_messages_back(tmp_path: Path, privacy: str, more: str) -> None:
    """A payload would hold that column as well."""
    assert not loaded(tmp_path, privacy, more).payloads_kept


def test_columns_may_be_treated_and_classified_otherwise(tmp_path: Path) -> None:
    """By name, those that the deployment adds among them."""
    found = loaded(
        tmp_path,
        f"personal: token, columns: {{debtor.name: encrypt, device.ip: clear}}, {KEYED}, "
        "sensitivity: {merchant.id: personal, device.id: internal}",
        "columns: {shop: {type: text, sensitivity: public}}\n",
    )
    wanted = {
        "debtor.id": "token",
        "debtor.name": "encrypt",
        "device.ip": "clear",
        "merchant.id": "token",
        "device.id": "clear",
        "shop": "clear",
    }
    assert {name: treatment(found, name) for name in wanted} == wanted


def test_keys_come_from_a_variable_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file counts from the topology; nothing that is printed holds a key."""
    (tmp_path / "now.key").write_text(HEX + "\n")
    monkeypatch.setenv("PRIVACY_BEFORE", HEX[::-1])
    found = loaded(tmp_path, f"personal: token, {KEYED}")
    keys = found.privacy.keyring()
    assert keys is not None
    assert keys.token("x").startswith("tok:now:")
    assert len(list(keys.tokens("x"))) == 2
    shown = f"{found!r} {found.settings(keys)!r} {found.model_dump_json()}"
    assert HEX not in shown
    assert HEX[::-1] not in shown
    assert repr(bytes.fromhex(HEX)) not in shown


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "now.key: cannot be read (No such file or directory): check the path"),
        (b"12ab", "now.key: holds no key: 64 hex digits, as from `openssl rand -hex 32`"),
        (b"\xff" * 64, "now.key: is no UTF-8: a secret is a text of one line"),
    ],
)
def test_a_key_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, message: str
) -> None:
    """Where it should be and what it should be, without what is there."""
    monkeypatch.setenv("PRIVACY_BEFORE", HEX)
    if content is not None:
        (tmp_path / "now.key").write_bytes(content)
    with pytest.raises(SettingError) as caught:
        loaded(tmp_path, f"personal: token, {KEYED}").privacy.keyring()
    assert str(caught.value).endswith(message)


def test_a_variable_that_is_not_set_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name."""
    monkeypatch.delenv("PRIVACY_BEFORE", raising=False)
    with pytest.raises(SettingError, match="variable PRIVACY_BEFORE: there is no secret in it: set it"):
        loaded(tmp_path, f"personal: token, {KEYED}").privacy.keyring()


@pytest.mark.parametrize(
    ("privacy", "more", "message"),
    [
        ("personal: token", "", "privacy: token needs a key: name it under keys, and as active_key"),
        ("columns: {purpose: encrypt}", "", "privacy: encrypt needs a key: name it under keys"),
        ("active_key: k", "", "privacy: active_key k is not among keys: say where it is"),
        (f"active_key: k, keys: {{k: {HEX}}}", "", "write {env: NAME_OF_A_VARIABLE} or {file: PATH}"),
        (f"active_key: k, keys: {{k: {{hex: {HEX}}}}}", "", "a secret itself never stands in a topology"),
        ("active_key: k, keys: {k: {env: A, file: B}}", "", "a secret itself never stands in a topology"),
        ("personal: hidden", "", "privacy.personal"),
        ("columns: {nobody: token}", "", "needs a key"),
        ("columns: {nobody: withhold}", "", "privacy.columns: nobody is no column: only personal columns"),
        (
            "columns: {merchant.id: withhold}",
            "",
            "merchant.id is internal: only personal columns are",
        ),
        ("sensitivity: {nobody: personal}", "", "there is no column nobody: name one of the events"),
        ("sensitivity: {amount: personal}", "", "amount stands in every alert: keep personal data out of it"),
        (
            "personal: withhold",
            "output: {alerts: a, dead_letters: b, journal: c, dead_letter_payloads: kept}\n",
            "output.dead_letter_payloads: kept would let whole messages leave",
        ),
    ],
)
def test_a_fault_is_told_without_the_key(tmp_path: Path, privacy: str, more: str, message: str) -> None:
    """What is wrong and what to do; a key that was written into the file is not repeated."""
    path = topology(tmp_path, f"privacy: {{{privacy}}}\n{more}", SMALL_OUTPUT if "output" in more else "")
    with pytest.raises(RulesetError) as caught:
        load_topology(path)
    assert message in str(caught.value)
    assert HEX not in str(caught.value)


SMALL_OUTPUT = "output: {alerts: out, dead_letters: dead, journal: journal}"


def test_checkpoints_in_clear_are_doubted(tmp_path: Path) -> None:
    """Where what does not leave in the clear would lie there in the clear."""
    kept = "checkpoints: {url: state}\n"
    assert loaded(tmp_path, "personal: withhold", kept).keeps_personal_data_open
    assert not loaded(tmp_path, "personal: clear", kept).keeps_personal_data_open
    sealed = "checkpoints: {url: state, key_file: k}\n"
    assert not loaded(tmp_path, "personal: withhold", sealed).keeps_personal_data_open
