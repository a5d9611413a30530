"""Looks at what the settings name outside the file, before a worker has to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fraudstream.config.topology import Topology

Look = tuple[str, Callable[[], object]]
"""A setting, and what raises OSError or ValueError where something is wrong with what it names."""


def faults(topology: Topology) -> Iterator[str]:
    """Yield what is missing or is not what it has to be: which setting, what, remedy. Connects to nothing."""
    for setting, look in _looks(topology):
        try:
            look()
        except OSError as error:
            yield f"{setting}: {error.filename}: cannot be read ({error.strerror}): check the path"
        except ValueError as error:
            yield f"{setting}: {error}"


def _looks(topology: Topology) -> Iterator[Look]:
    security, metrics, rules = topology.kafka.security, topology.metrics, topology.rule_source
    if security is not None and security.tls is not None:
        yield "kafka.security.tls", security.tls.context
    if security is not None and security.sasl is not None:
        yield "kafka.security.sasl.password", security.sasl.password.reveal
    if metrics.tls is not None:
        yield "metrics.tls", metrics.tls.context
    if metrics.auth is not None:
        yield "metrics.auth", metrics.auth.authorization
    if topology.checkpoints is not None:
        yield "checkpoints.key_file", topology.checkpoints.key
    if topology.privacy.active_key is not None:
        yield "privacy.keys", topology.privacy.keyring
    if topology.tracing is not None:
        yield "tracing", topology.tracing.require_extra
        yield "tracing.headers", topology.tracing.revealed
        yield "tracing.ca", topology.tracing.trusted
    if rules.directory is not None:
        yield "rules.directory", lambda: list((rules.directory or topology.rules).iterdir())
    for key in rules.trust:
        yield "rules.trust", key.read_bytes
