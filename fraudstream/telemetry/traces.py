"""Turns what a worker reports into spans; imported only where they are asked for.

A span holds places in topics, numbers, versions and words of our own: nothing of what an event says.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import islice

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from fraudstream import __version__
from fraudstream.telemetry.passage import Headers, Passage

LINKS_MAX = 128
"""How many traces of producers the span of a batch is linked to at most: the first that its messages name."""
TRACEPARENT = "traceparent"
TRACEPARENT_BYTES = 55
_PROPAGATOR = TraceContextTextMapPropagator()
NS = 1_000_000_000

Attributes = Mapping[str, str | int]


class Traces:
    """Makes the spans of one worker, each when what it tells of is over, and hands them to `sender`.

    `share` of the batches is traced, chosen by where they begin, so that no chance decides. Recoveries,
    checkpoints and changes of rules are rare, and are all traced.
    """

    def __init__(self, sender: SpanProcessor, share: float, group: str, about: Mapping[str, str]) -> None:
        resource = Resource({"service.name": "fraudstream", "service.version": __version__, **about})
        limits = SpanLimits(max_links=LINKS_MAX)
        self._provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False, span_limits=limits)
        self._provider.add_span_processor(sender)
        self._tracer = self._provider.get_tracer("fraudstream", __version__)
        self._share = share
        self._group = group

    def close(self) -> None:
        """Send what waits, as the sender does."""
        self._provider.shutdown()

    def batch(self, passage: Passage, stages: Mapping[str, float]) -> None:
        """Trace a batch that ends now, with a child for each stage, if it is of the share.

        A step in pieces goes through its stages several times: a child is as long as all of them
        together, and they stand one behind the other.
        """
        if not is_sampled(passage.topic, passage.partition, passage.first_offset, self._share):
            return
        end_ns = time.time_ns()
        start_ns = end_ns - _ns(passage.seconds)
        span = self._tracer.start_span(
            f"process {passage.topic}",
            Context(),
            SpanKind.CONSUMER,
            self._attributes(passage),
            links(passage.headers),
            start_ns,
        )
        self._stages(span, stages, start_ns + _ns(passage.step_seconds))
        span.end(end_ns)

    def recovered(self, seconds: float, messages: int) -> None:
        """Trace a recovery that ends now."""
        self._alone("recover", seconds, {"fraudstream.messages": messages})

    def checkpoint(self, shard: int, seconds: float, added_bytes: int, state_bytes: int) -> None:
        """Trace a checkpoint that is written now."""
        sizes = {"fraudstream.added_bytes": added_bytes, "fraudstream.state_bytes": state_bytes}
        self._alone("checkpoint", seconds, {"fraudstream.shard": shard, **sizes})

    def ruleset(self, version: str, seconds: float) -> None:
        """Trace a change of rules that is in force from now on."""
        self._alone("reload", seconds, {"fraudstream.ruleset": version})

    def ruleset_refused(self, reason: str, seconds: float) -> None:
        """Trace a change of rules that is refused now."""
        self._alone("reload", seconds, {"fraudstream.refusal": reason}, StatusCode.ERROR)

    def _attributes(self, passage: Passage) -> Attributes:
        return {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": passage.topic,
            "messaging.destination.partition.id": str(passage.partition),
            "messaging.consumer.group.name": self._group,
            "messaging.batch.message_count": passage.messages,
            "fraudstream.offset.first": passage.first_offset,
            "fraudstream.offset.last": passage.last_offset,
            "fraudstream.alerts": passage.alerts,
            "fraudstream.dead_letters": passage.dead_letters,
            "fraudstream.ruleset": passage.ruleset,
        }

    def _stages(self, parent: Span, stages: Mapping[str, float], judged_ns: int) -> None:
        """Lay the stages of the step one behind the other, up to when it was judged; emit follows."""
        context = set_span_in_context(parent, Context())
        at_ns = judged_ns - sum(_ns(each) for stage, each in stages.items() if stage != "emit")
        for stage, seconds in stages.items():
            span = self._tracer.start_span(stage, context, start_time=at_ns)
            at_ns += _ns(seconds)
            span.end(at_ns)

    def _alone(
        self, name: str, seconds: float, attributes: Attributes, status: StatusCode = StatusCode.UNSET
    ) -> None:
        end_ns = time.time_ns()
        start_ns = end_ns - _ns(seconds)
        span = self._tracer.start_span(name, Context(), attributes=attributes, start_time=start_ns)
        span.set_status(status)
        span.end(end_ns)


def is_sampled(topic: str, partition: int, first_offset: int, share: float) -> bool:
    """Whether a batch that begins there is of a share, 0 to 1, of all."""
    place = f"{topic}/{partition}/{first_offset}".encode()
    return int.from_bytes(blake2b(place, digest_size=8).digest()) < share * 2**64


def links(messages: Iterable[Headers]) -> list[Link]:
    """Return links to the traces that the headers of messages name (W3C `traceparent`), each once."""
    contexts = map(_context, islice(_traceparents(messages), LINKS_MAX))
    return [Link(context) for context in contexts if context.is_valid]


def _traceparents(messages: Iterable[Headers]) -> Iterator[bytes]:
    seen: set[bytes] = set()
    for headers in messages:
        for name, value in headers:
            if name == TRACEPARENT and len(value or b"") == TRACEPARENT_BYTES and value not in seen:
                seen.add(value)
                yield value


def _context(traceparent: bytes) -> SpanContext:
    """Return what a traceparent names; it is not valid where that is nothing."""
    carrier = {TRACEPARENT: traceparent.decode("ascii", "replace")}
    return get_current_span(_PROPAGATOR.extract(carrier, Context())).get_span_context()


def _ns(seconds: float) -> int:
    return round(seconds * NS)
