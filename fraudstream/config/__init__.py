"""The topology file, with what the environment says otherwise, as typed data."""

from fraudstream.config.loading import load_map, load_topology
from fraudstream.config.topology import Checkpoints, Kafka, Keyed, Log, RuleSource, Topology

__all__ = ["Checkpoints", "Kafka", "Keyed", "Log", "RuleSource", "Topology", "load_map", "load_topology"]
