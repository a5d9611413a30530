"""Runs a worker in this process until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import faust

from fraudstream.stream.admin import require_topics
from fraudstream.stream.app import BatchApp, build_app
from fraudstream.stream.backfilling import Backfiller
from fraudstream.stream.client_errors import client_errors_counted
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.event_loop import new_event_loop
from fraudstream.stream.logs import FAUST_LOG, configure_logging
from fraudstream.stream.parsed_records import give_parsed_records
from fraudstream.stream.reloading import Reloader
from fraudstream.stream.shard import RUN_OFFSETS_MAX, Shard
from fraudstream.stream.shard_unit import Surroundings
from fraudstream.stream.topic_settings import doubts, outlet, require_settings, topic_settings

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.stores.state import StateStore
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.reloading import Record, Watch
    from fraudstream.stream.shard import Fold

log = logging.getLogger(__name__)

EXIT_STOPPED = 0
EXIT_FAILED = 1
STOP_SECONDS_MAX = 25.0
"""How long a stop may take; Kubernetes kills after 30 s."""
SAME_SIGNAL_SECONDS = 1.0
"""A terminal and a parent process may both pass on one Ctrl-C."""


def run_worker(
    topology: Topology,
    engine: Fold,
    observer: StreamObserver,
    watch: Watch | None = None,
    kept: StateStore | None = None,
    record: Record | None = None,
) -> int:
    """Read, judge and emit until SIGINT or SIGTERM; return 0 then, 1 after a failure that the log tells of.

    The rules that `watch` finds changed are taken up while it runs, and noted in `record`; without one
    they stay. With `kept` the shard's checkpoints are kept there; without it, a start reads the whole input
    again. A stop finishes the batches in hand, commits them and leaves the group. A second signal, or a stop
    that takes longer than `STOP_SECONDS_MAX`, ends the process at once: what was not committed is judged
    again.
    """
    configure_logging(topology.log, quotes=topology.is_open)
    with client_errors_counted(observer):
        return _run(topology, engine, observer, watch, kept, record)


def _run(
    topology: Topology,
    engine: Fold,
    observer: StreamObserver,
    watch: Watch | None,
    kept: StateStore | None,
    record: Record | None,
) -> int:
    try:
        states = require_topics(topology)
        settings = topic_settings(topology)
        require_settings(topology, settings)
    except BrokerError as error:
        log.error("%s", error)
        observer.on_error(error.stage)
        return EXIT_FAILED
    for doubt in [*(str(state) for state in states if not state.fits), *doubts(topology, settings)]:
        log.warning("%s", doubt)
        observer.on_error("topics")
    if topology.keeps_personal_data_open:
        log.warning(
            "checkpoints hold as they are the personal data that privacy does not let leave so: name a "
            "checkpoints.key_file (openssl rand -hex 32)"
        )
    loop = new_event_loop()
    give_parsed_records()
    shard = shard_of(engine, topology)
    around = Surroundings() if kept is None else Surroundings(kept.store_of, kept.ruleset_of)
    around = replace(around, topics={each.name: (each.topic_id, each.partitions) for each in states})
    if watch is not None:
        keep = None if kept is None else kept.keep_rules
        swap = Backfiller(topology, shard).swap if topology.rule_source.warm_from else None
        reloader = Reloader(watch, shard, observer, keep, record=record, swap=swap)
        around = replace(around, reloader=reloader)
    app = build_app(topology, shard, observer, outlet(topology, settings), around)
    worker = Worker(app, loop=loop)
    # What is there now stays: looking through it at every full collection would hold up the events.
    gc.collect()
    gc.freeze()
    kafka = topology.kafka
    log.info("reading %s on %s as group %s", topology.input.topic, kafka.bootstrap, kafka.group)
    return worker.run()


def shard_of(engine: Fold, topology: Topology) -> Shard:
    """Return the shard that folds the input of a topology."""
    # A transaction commits what it tells, and one partition has one order: there no heir has to know.
    repeats = topology.processing_guarantee == "at_least_once"
    has_several = topology.input.partitions > 1 or topology.labels is not None
    return Shard(engine, topology.number, RUN_OFFSETS_MAX if repeats and has_several else None)


class Worker(faust.Worker):  # type: ignore[misc]
    """Faust's worker, with our logging, a bound on stopping, and no theatre on the terminal."""

    logger = FAUST_LOG
    _deadline: threading.Timer | None = None

    def __init__(self, app: BatchApp, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(app, loop=loop, quiet=True, override_logging=False)
        self.spinner = None
        app.on_failure = lambda: self._schedule_shutdown(signal.SIGTERM)

    def run(self) -> int:
        """Run until stopped; return the exit code."""
        code = EXIT_STOPPED
        try:
            self.execute_from_commandline()
        except SystemExit as end:
            code = EXIT_FAILED if end.code or self.app.failed else EXIT_STOPPED
        if code == EXIT_STOPPED:
            for unit in self.app.units:
                unit.finish()
        log.info("stopped")
        return code

    async def on_startup_finished(self) -> None:
        """Say that the worker is at work."""
        log.info("ready")

    def _on_sigint(self) -> None:
        self._stop_on_request(signal.SIGINT)

    def _on_sigterm(self) -> None:
        self._stop_on_request(signal.SIGTERM)

    def _stop_on_request(self, number: signal.Signals) -> None:
        if self._signal_stop_time is None:
            log.info("stopping on %s: finishing the batches in hand", number.name)
            self._schedule_shutdown(number)
        elif self.loop.time() - self._signal_stop_time > SAME_SIGNAL_SECONDS:
            self._end_at_once("told again to stop")

    def _schedule_shutdown(self, number: signal.Signals) -> None:
        self._set_deadline()
        super()._schedule_shutdown(number)

    def _crash(self, reason: BaseException) -> None:
        log.error("giving up (%r): what is not committed is judged again", reason)
        self._set_deadline()
        super()._crash(reason)

    def _set_deadline(self) -> None:
        if self._deadline is None:
            self.app.observer.on_stopping()
            # Not a timer of the event loop, which waits for the client's thread while it stops.
            self._deadline = threading.Timer(STOP_SECONDS_MAX, self._end_at_once, ["stopping took too long"])
            self._deadline.daemon = True
            self._deadline.start()

    def _end_at_once(self, why: str) -> None:
        log.error("%s: ending now; what is not committed is judged again", why)
        logging.shutdown()
        os._exit(EXIT_FAILED)
