"""`fraudstream run` and `fraudstream topics`: the worker and its topics."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.console import PLAIN, fail, one_line_errors, out
from fraudstream.cli.kernels import make_ready
from fraudstream.cli.rule_sources import rules_of
from fraudstream.config import Topology, load_topology
from fraudstream.config.part import SettingError
from fraudstream.engine.keyed.ingest import Ingest
from fraudstream.engine.selftest import check
from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.checkpoints import CheckpointError, CheckpointStore, Identity
from fraudstream.stores.rule_archive import RuleArchive
from fraudstream.stores.state import StateStore
from fraudstream.telemetry.http_server import Access
from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.worker import WorkerTelemetry

if TYPE_CHECKING:
    from fraudstream.telemetry.traces import Traces

topics = typer.Typer(help="Create and check the topics of a topology.", no_args_is_help=True)

TopologyFile = Annotated[Path, typer.Option("--topology", help="The topology file.")]
Bootstrap = Annotated[
    str | None,
    typer.Option("--kafka", envvar="FRAUDSTREAM_KAFKA", help="host:port instead of the topology's."),
]
SINGLE = Path("topologies/single.yml")


def run(topology: TopologyFile = SINGLE, kafka: Bootstrap = None) -> None:
    """Run a worker: read events, judge them, write alerts and dead letters, until stopped."""
    from fraudstream.stream.worker import run_worker  # noqa: PLC0415 - Faust is slow to import

    with one_line_errors():
        loaded = load_topology(topology).with_kafka(kafka)
        rules = rules_of(loaded)
        with rules.refusals_noted():
            files = rules.read()
            engine = _engine(files, loaded)
    bundle = rules.record.bundle
    metrics = Metrics()
    telemetry = WorkerTelemetry(metrics, engine.ruleset, bundle, traces=traces_of(loaded, metrics))
    host, port = loaded.metrics.host, loaded.metrics.port
    try:
        port = telemetry.serve(host, port, _access(loaded))
    except OSError as error:
        remedy = "choose another metrics.port in the topology, or 0 for any"
        raise fail(f"{host}:{port}: metrics cannot be served there ({error.strerror}): {remedy}") from None
    scheme = "http" if loaded.metrics.tls is None else "https"
    source = "" if bundle is None else f" of bundle {bundle}"
    out.print(
        f"{loaded.name}: {len(engine.rule_ids)} rules, {engine.features} features, "
        f"ruleset {engine.ruleset.version}{source}; metrics on {scheme}://{host}:{port}/metrics",
        **PLAIN,
    )
    kept = kept_by(loaded)
    if kept is not None:
        try:
            kept.keep_rules(engine.ruleset.version, files)
        except OSError as error:
            raise _unkept(loaded, error) from None
    with one_line_errors(), rules.refusals_noted():
        rules.record.take(engine.ruleset)
    code = run_worker(loaded, engine, telemetry, rules.watch(files), kept, rules.record)
    telemetry.close()
    raise typer.Exit(code)


def _access(topology: Topology) -> Access:
    """Return who may read the metrics; typer.Exit where what they must know is not there."""
    wanted = topology.metrics
    try:
        return Access(
            None if wanted.tls is None else wanted.tls.context(),
            None if wanted.auth is None else wanted.auth.authorization(),
        )
    except SettingError as error:
        raise fail(f"metrics: {error}") from None


def traces_of(topology: Topology, metrics: Metrics) -> Traces | None:
    """Return what traces as the topology says, None where it says nothing; typer.Exit where it cannot be."""
    wanted = topology.tracing
    if wanted is None:
        return None
    try:
        wanted.require_extra()
        headers, ca = wanted.revealed(), wanted.trusted()
    except SettingError as error:
        raise fail(f"tracing: {error}") from None
    # Only who traces has what they import.
    from fraudstream.telemetry.span_sender import over_http  # noqa: PLC0415
    from fraudstream.telemetry.traces import Traces  # noqa: PLC0415

    about = {"service.namespace": topology.name, "service.instance.id": f"{platform.node()}:{os.getpid()}"}
    spans = metrics.process.spans
    sender = over_http(
        wanted.endpoint, headers, ca, lambda outcome, number: spans.labels(outcome).inc(number)
    )
    return Traces(sender, wanted.share, topology.kafka.group, about)


def _engine(files: Mapping[str, bytes], topology: Topology) -> Engine | Ingest:
    """Return what folds the input by some rule files, after their own tests have passed."""
    settings = topology.settings(topology.privacy.keyring())
    ruleset = build_ruleset(files)
    make_ready(ruleset, settings)
    check(ruleset, settings)
    if topology.keyed is not None:
        return Ingest(ruleset, settings, topology.keyed.partitions)
    return Engine(ruleset, settings)


def kept_by(topology: Topology) -> StateStore | None:
    """Return where the state is kept, None where the topology names no place; typer.Exit where that fails."""
    wanted = topology.checkpoints
    if wanted is None:
        return None
    try:
        key = wanted.key()

        def store_of(shard: int) -> CheckpointStore:
            identity = Identity(topology.kafka.group, topology.name, shard)
            return CheckpointStore(wanted.url, identity, key, wanted.keep)

        return StateStore(store_of, RuleArchive(f"{wanted.url}/rules"))
    except (CheckpointError, OSError, ValueError) as error:
        raise _unkept(topology, error) from None


def _unkept(topology: Topology, error: Exception) -> typer.Exit:
    assert topology.checkpoints is not None
    return fail(f"checkpoints at {topology.checkpoints.url}: {error}")


@topics.command("create")
def create(topology: TopologyFile = SINGLE, kafka: Bootstrap = None) -> None:
    """Create the topics that are missing; says what each one is."""
    from fraudstream.stream.admin import create_topics  # noqa: PLC0415 - as above
    from fraudstream.stream.errors import BrokerError  # noqa: PLC0415 - as above

    with one_line_errors():
        loaded = load_topology(topology).with_kafka(kafka)
    try:
        for state in create_topics(loaded):
            out.print(str(state), **PLAIN)
    except BrokerError as error:
        raise fail(str(error)) from None
