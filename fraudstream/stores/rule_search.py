"""Looks for the ruleset of a version wherever rulesets are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.stores.bundles.places import Place
from fraudstream.stores.bundles.shelf import bundle_of, newest_of
from fraudstream.stores.rule_archive import RuleArchive
from fraudstream.stores.rule_directory import load_ruleset

ARCHIVE, BUNDLES, RULES = "archive", "bundles", "rules"


@dataclass(frozen=True)
class RuleSearch:
    """The places where a deployment keeps rulesets; None where it has no such place."""

    archive: RuleArchive | None = None
    bundles: Place | None = None
    directory: Path | None = None

    def places(self) -> Iterator[tuple[str, str]]:
        """Yield the kinds and names of the places, in the order in which they are looked at."""
        if self.archive is not None:
            yield ARCHIVE, self.archive.url
        if self.bundles is not None:
            yield BUNDLES, str(self.bundles.where)
        if self.directory is not None:
            yield RULES, str(self.directory)

    def find(self, version: str) -> tuple[str, Ruleset] | None:
        """Return the ruleset of a version, and the kind of its place; None where it is nowhere.

        RulesetError, BundleError or OSError where a place cannot be read.
        """
        for kind, _ in self.places():
            found = self._in(kind, version)
            if found is not None:
                return kind, found
        return None

    def in_force(self) -> tuple[str, Ruleset] | None:
        """Return the ruleset that the directory, or else the newest bundle, has by now."""
        if self.directory is not None:
            return RULES, load_ruleset(self.directory)
        if self.bundles is not None and self.bundles.newest() is not None:
            return BUNDLES, build_ruleset(newest_of(self.bundles).files)
        return None

    def _in(self, kind: str, version: str) -> Ruleset | None:
        if kind == ARCHIVE and self.archive is not None:
            files = self.archive.files(version)
            return None if files is None else build_ruleset(files)
        if kind == BUNDLES and self.bundles is not None:
            bundle = bundle_of(self.bundles, version)
            return None if bundle is None else build_ruleset(bundle.files)
        assert self.directory is not None
        found = load_ruleset(self.directory)
        return found if found.version == version else None
