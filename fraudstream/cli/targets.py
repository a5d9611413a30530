"""Where bundles are published to: a file, or what a topology names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fraudstream.config import Topology, load_topology
from fraudstream.stores.bundles.errors import UNREADABLE, BundleError
from fraudstream.stores.bundles.places import FilePlace, Place

_TOPOLOGIES = (".yml", ".yaml")
_AUDIT = ".audit.jsonl"


@dataclass(frozen=True)
class Target:
    """A place for bundles, the audit log beside it, and the topology that names it, if one does."""

    place: Place
    audit: Path
    topology: Topology | None = None


def target_of(path: Path, kafka: str | None) -> Target:
    """Return where `--to` leads; `kafka` replaces the topology's cluster.

    RulesetError where the topology is none, BundleError where it takes no bundles.
    """
    if path.suffix not in _TOPOLOGIES:
        return _file(path)
    topology = load_topology(path).with_kafka(kafka)
    source = topology.rule_source
    if source.topic is not None:
        from fraudstream.stream.rule_publishing import TopicPlace  # noqa: PLC0415 - slow to import

        return Target(TopicPlace(topology, source.topic), path.with_name(source.topic + _AUDIT), topology)
    if source.bundle is None:
        what = "its rules are a directory, which takes no bundles"
        remedy = "write `rules: {topic: ...}` or `{bundle: ...}` there, or name a bundle file"
        raise BundleError(UNREADABLE, path, what, remedy)
    return _file(source.bundle, topology)


def _file(path: Path, topology: Topology | None = None) -> Target:
    place = FilePlace(path)
    return Target(place, place.where.with_name(place.where.name + _AUDIT), topology)
