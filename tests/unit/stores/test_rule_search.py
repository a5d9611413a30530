"""The ruleset of a version is found wherever rulesets are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.bundles.errors import BundleError
from fraudstream.stores.bundles.places import FilePlace
from fraudstream.stores.rule_archive import RuleArchive
from fraudstream.stores.rule_search import RuleSearch
from tests.unit.rule_files import rule_file, rule_files, write_files
from tests.unit.stores.bundles.bundles import PUBLISHER, FileShelf, draft

FILES = [rule_files(rule_file(version=version)) for version in (1, 2, 3, 4)]
VERSIONS = [build_ruleset(files).version for files in FILES]


@pytest.fixture
def search(tmp_path: Path) -> RuleSearch:
    """Return three places: one ruleset is archived, two were published, the last lies in the directory."""
    archive = RuleArchive(str(tmp_path / "archive"))
    archive.keep(VERSIONS[0], FILES[0])
    shelf = FileShelf(tmp_path / "rules.bundle")
    for number in (1, 2):
        shelf.publish(FILES[number], draft(VERSIONS[number]), PUBLISHER)
    write_files(tmp_path / "rules", FILES[3])
    return RuleSearch(archive, shelf.place, tmp_path / "rules")


@pytest.mark.parametrize(("number", "kind"), [(0, "archive"), (1, "bundles"), (2, "bundles"), (3, "rules")])
def test_each_is_found_where_it_is(search: RuleSearch, number: int, kind: str) -> None:
    """Beside the checkpoints, in the history of bundles, or in the directory."""
    found = search.find(VERSIONS[number])
    assert found is not None
    assert (found[0], found[1].version) == (kind, VERSIONS[number])


def test_what_is_nowhere_is_not_found(search: RuleSearch, tmp_path: Path) -> None:
    """What is in force by now is asked for apart: the directory, or the bundle."""
    assert search.find("0" * 16) is None
    assert RuleSearch().find(VERSIONS[0]) is RuleSearch().in_force() is None
    for place, version in ((search, VERSIONS[3]), (RuleSearch(bundles=search.bundles), VERSIONS[2])):
        found = place.in_force()
        assert found is not None
        assert found[1].version == version
    assert RuleSearch(bundles=FilePlace(tmp_path / "none")).in_force() is None
    assert [kind for kind, _ in search.places()] == ["archive", "bundles", "rules"]


def test_a_place_that_is_damaged_is_told(search: RuleSearch, tmp_path: Path) -> None:
    """With what the place itself says of it."""
    (tmp_path / "rules" / "x" / "0.yml").write_bytes(b"id: [")
    with pytest.raises(RulesetError):
        search.find("0" * 16)
    path = next((tmp_path / "rules.bundle.history").iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError):
        search.find(VERSIONS[3])
