"""What a topology file says, schema `fraudstream.topology/v1`: which topics, which rules, which columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from fraudstream.config.part import Part, no_login
from fraudstream.config.privacy import PrivacySpec
from fraudstream.config.security import Metrics, Security
from fraudstream.config.tracing import Tracing
from fraudstream.engine.awaiting import EVENTS_MIN, Wait
from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.known_ids import IDS_MAX
from fraudstream.engine.privacy.keyring import Keyring
from fraudstream.engine.step import Settings
from fraudstream.events.mapping import FieldMap, check_map
from fraudstream.events.schema import Column, ColumnType, Schema, Sensitivity
from fraudstream.features.catalogue import Limits
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.fields import DurationUs

_TOPIC = r"^[A-Za-z0-9._-]{1,249}$"
DAY = "24h"


class Kafka(Part):
    """Which cluster, and under which consumer group the worker reads."""

    bootstrap: Annotated[str, BeforeValidator(no_login)] = Field(pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")
    """`host:port` of brokers, with commas between."""
    group: str = "fraudstream"
    """The consumer group."""
    security: Security | None = None
    """TLS and SASL; without it all is sent in the clear."""


class Input(Part):
    """The topic with the events.

    Events of one partition keep their order. With more partitions than one the order between them is that of
    arrival, and events take their place in event time within the lateness.
    """

    topic: str = Field(pattern=_TOPIC)
    """The topic."""
    partitions: int = Field(1, ge=1, le=10_000)
    """How many it has."""
    map: FieldMap | None = None
    """Where the columns stand in messages made for others (topologies/README.md)."""


class Output(Part):
    """The topics that the worker writes."""

    alerts: str = Field(pattern=_TOPIC)
    """Alerts."""
    dead_letters: str = Field(pattern=_TOPIC)
    """What could not be judged, and why."""
    journal: str = Field(pattern=_TOPIC)
    """Says in which order the events were judged, and by which rules; read after a crash."""
    shadow: str | None = Field(None, pattern=_TOPIC)
    """What shadow rules would tell if they were live; without it that is only counted."""
    dead_letter_payloads: Literal["kept", "withheld"] | None = None
    """Whether dead letters hold key and payload of their source: `kept` where all leaves as it is."""

    @field_validator("shadow")
    @classmethod
    def _is_apart(cls, shadow: str | None, info: ValidationInfo) -> str | None:
        if shadow is not None and shadow in info.data.values():
            raise ValueError(
                f"{shadow} takes other messages already, and a shadow alert must not be taken for one of "
                "them: name another topic, or leave shadow out"
            )
        return shadow

    @property
    def told(self) -> tuple[str, ...]:
        """The topics of alerts, and of shadow alerts where they are told."""
        return (self.alerts,) if self.shadow is None else (self.alerts, self.shadow)


class Labels(Part):
    """The topic that tells later which events were fraud, and how long events wait for that.

    A label that comes later than `wait` of event time, or after `events_max` further events, is not learned.
    """

    topic: str = Field(pattern=_TOPIC)
    """The topic."""
    partitions: int = Field(1, ge=1, le=1_000)
    """How many it has."""
    wait: Annotated[DurationUs, Field(validate_default=True)] = "30d"  # type: ignore[assignment]
    """How long an event waits for its label."""
    events_max: int = Field(1_000_000, ge=EVENTS_MIN, le=IDS_MAX)
    """How many events wait at most."""


class Keyed(Part):
    """Several workers share the state: their stages, and the topics between them.

    `partitions` shares keep the windows, each those of the entities whose keys hash to it. Their number is
    fixed once the topics are made: another number needs other topics and another `name` of the topology.
    """

    partitions: int = Field(ge=1, le=1_000)
    """How many shares keep the windows; fixed once the topics are made."""
    parts: str = Field(pattern=_TOPIC)
    """From the first stage: a partition per share, and one for the last stage."""
    found: str = Field(pattern=_TOPIC)
    """From the shares to the last stage: a partition per share."""


class Log(Part):
    """How a worker logs to standard error."""

    format: Literal["human", "json"] = "human"
    """Lines for people, or one JSON object a line."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """From which level on the worker's own lines are written; libraries' from warning on."""


class Duplicates(Part):
    """How long a repeated id is known as one: within a time, and among the last so many accepted ids."""

    horizon: Annotated[DurationUs, Field(validate_default=True)] = DAY  # type: ignore[assignment]
    """How long an id is known."""
    ids_max: int = Field(1_000_000, ge=1, le=IDS_MAX)
    """How many ids are known at most."""


class Checkpoints(Part):
    """Where the state is kept, and how often."""

    url: Annotated[str, BeforeValidator(no_login)]
    """A directory, relative to the topology file, or any address that fsspec knows (`s3://`, `gs://`)."""
    every: Annotated[DurationUs, Field(validate_default=True)] = "10s"  # type: ignore[assignment]
    """How long from the end of one checkpoint to the begin of the next."""
    keep: int = Field(3, ge=2, le=100)
    """How many stay."""
    key_file: Path | None = None
    """A file of 32 bytes, as 64 hex digits, with which the checkpoints are encrypted."""

    def key(self) -> bytes | None:
        """Return what the key file holds; OSError, or ValueError where that is no key."""
        if self.key_file is None:
            return None
        try:
            key = bytes.fromhex(self.key_file.read_text().strip())
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ValueError(f"{self.key_file} holds no key: 64 hex digits, as from `openssl rand -hex 32`")
        return key


class RuleSource(Part):
    """Where the rules come from: a directory, or signed bundles and those who are trusted.

    With `approval: required` a second trusted key must have signed for the bundle. Paths count from the
    topology file.
    """

    directory: Path | None = None
    """The rule directory."""
    bundle: Path | None = None
    """The signed bundle (docs/publishing.md)."""
    topic: str | None = Field(None, pattern=_TOPIC)
    """The compacted topic of the same cluster on which signed bundles come."""
    trust: tuple[Path, ...] = ()
    """The public keys of publishers and approvers."""
    approval: Literal["required", "none"] = "required"
    """Whether a second trusted key must have signed for the bundle."""
    warm_from: Literal["input"] | None = None
    """With `input` the features that a change adds count first what the input topic still holds."""

    @model_validator(mode="after")
    def _fits(self) -> RuleSource:
        if [self.directory, self.bundle, self.topic].count(None) != 2:
            raise ValueError(
                "rules are a directory, or {bundle: FILE, trust: [PUBLIC_KEY_FILE]}, "
                "or {topic: NAME, trust: [PUBLIC_KEY_FILE]}: name one of them"
            )
        if self.directory is not None and self.trust:
            raise ValueError("rules.trust is about bundles: name one, or leave trust out")
        needed = 1 if self.approval == "none" else 2
        if self.directory is None and len(set(self.trust)) < needed:
            raise ValueError(
                "rules.trust has too few keys: name the publisher's public key, and an approver's "
                "unless you write `approval: none`"
            )
        return self


class ColumnSpec(Part):
    """A column that this deployment adds."""

    type: Literal["text", "number", "integer"]
    """What it holds."""
    required: bool = False
    """Whether an event without it is a dead letter."""
    minimum: float | None = None
    """The least that a number may be."""
    maximum: float | None = None
    """The most that a number may be."""
    choices: frozenset[str] | None = None
    """The only values of a text."""
    sensitivity: Sensitivity = Sensitivity.PERSONAL
    """What it tells, and so how it may leave."""

    def column(self, name: str) -> Column:
        """Return it as a column of that name."""
        type_ = ColumnType(self.type)
        may_hold_cards = type_ is ColumnType.TEXT and self.choices is None
        bounds = (self.required, self.minimum, self.maximum, self.choices)
        return Column(name, type_, *bounds, self.sensitivity, may_hold_cards)


def _source(value: object) -> object:
    return {"directory": value} if isinstance(value, str) else value


class Topology(Part):
    """One topology file."""

    schema_: Literal["fraudstream.topology/v1"] = Field(alias="schema")
    """The version of this file."""
    name: str
    """The name of the topology, part of transactional ids and of where checkpoints stand."""
    kafka: Kafka
    input: Input
    output: Output
    labels: Labels | None = None
    """Without it nothing is learned from what becomes known later."""
    keyed: Keyed | None = None
    """Without it one worker has all state, and others stand by."""
    rule_source: Annotated[RuleSource, BeforeValidator(_source, json_schema_input_type=str | RuleSource)] = (
        Field(alias="rules")
    )
    """The rule directory, relative to the file, or a signed bundle, or the topic of such."""
    audit: Path | None = None
    """The file, relative to this one, in which workers note every ruleset that they load or refuse."""
    lateness: Annotated[DurationUs, Field(validate_default=True)] = "5m"  # type: ignore[assignment]
    """Events that come this much later than others still take their place in event time."""
    exact_windows: Annotated[DurationUs, Field(validate_default=True)] = "35d"  # type: ignore[assignment]
    """Windows that reach back no further are exact, and keep their events; longer ones count by panes."""
    ahead_max: Annotated[DurationUs, Field(validate_default=True)] = "1h"  # type: ignore[assignment]
    """An event dated more than this after its message was appended becomes a dead letter."""
    duplicates: Duplicates = Duplicates()
    processing_guarantee: Literal["at_least_once", "exactly_once"] = "at_least_once"
    """What a crash may do to alerts: repeat them with equal ids, or nothing."""
    checkpoints: Checkpoints | None = None
    """Without them a restarted worker reads its input from the start to know what it knew."""
    columns: Mapping[str, ColumnSpec] = {}
    """Columns that this deployment adds, by name."""
    privacy: PrivacySpec = PrivacySpec()
    """How personal data leave in alerts; without it they do not (docs/privacy.md)."""
    metrics: Metrics = Metrics()
    log: Log = Log()
    """How the worker logs."""
    tracing: Tracing | None = None
    """Without it nothing is traced."""

    @model_validator(mode="after")
    def _stages_fit(self) -> Topology:
        if self.keyed is None:
            return self
        if self.processing_guarantee != "exactly_once":
            raise ValueError("keyed needs `processing_guarantee: exactly_once`, so that stages agree")
        if self.checkpoints is None:
            raise ValueError("keyed needs checkpoints: workers find the rules of other workers beside them")
        if self.labels is not None:
            raise ValueError("keyed takes no labels yet: learn from them in a topology without keyed")
        if self.rule_source.warm_from is not None:
            raise ValueError(
                "keyed takes no rules.warm_from yet: take it out; new features begin when they come, and "
                "alerts say how warm they are"
            )
        return self

    @model_validator(mode="after")
    def _map_fits(self) -> Topology:
        schema = self.event_schema()
        if self.input.map is not None:
            check_map(self.input.map, schema)
        return self

    @model_validator(mode="after")
    def _leaves_nothing_open(self) -> Topology:
        self.privacy.check(self.event_schema())
        if self.output.dead_letter_payloads == "kept" and not self.is_open:
            raise ValueError(
                "output.dead_letter_payloads: kept would let whole messages leave, while privacy holds "
                "something back: leave it out, or let all leave as it is (`privacy: {personal: clear}`, no "
                "secret columns)"
            )
        return self

    @property
    def is_open(self) -> bool:
        """Whether every column leaves as it is, so that whole messages may leave too."""
        return self.privacy.policy().is_open(self.event_schema())

    @property
    def payloads_kept(self) -> bool:
        """Whether dead letters hold key and payload of their source."""
        return self.is_open and self.output.dead_letter_payloads != "withheld"

    @property
    def keeps_personal_data_open(self) -> bool:
        """Whether checkpoints hold as it is what does not leave as it is."""
        return self.checkpoints is not None and self.checkpoints.key_file is None and not self.is_open

    @property
    def rules(self) -> Path:
        """The rule directory; RulesetError where the rules are bundles."""
        source = self.rule_source
        if source.directory is None:
            what = "has bundles" if source.bundle is None else "is a bundle"
            message = f"{what}, not a rule directory: see `fraudstream rules unpack`"
            raise RulesetError([Problem(str(source.bundle or source.topic), 1, 1, message)])
        return source.directory

    def number(self, partition: tuple[str, int]) -> int:
        """Return the number of a topic's partition within the shard: that of a labels partition is negative.

        By it the journal, the checkpoints and the positions name what is folded.
        """
        topic, number = partition
        is_of_labels = self.labels is not None and topic == self.labels.topic
        return -1 - number if is_of_labels else number

    def place(self, number: int) -> tuple[str, int]:
        """Return the topic and the partition of a number."""
        if self.labels is None or number >= 0:
            return self.input.topic, number
        return self.labels.topic, -1 - number

    def event_schema(self) -> Schema:
        """Return the columns of this deployment."""
        added = tuple(spec.column(name) for name, spec in self.columns.items())
        schema = Schema().with_columns(added).classified(self.privacy.sensitivity)
        if self.privacy.policy().is_open(schema):
            return schema
        return replace(schema, limits=replace(schema.limits, quote_chars_max=0))

    def settings(self, keys: Keyring | None = None) -> Settings:
        """Return what the engine needs to know; without the keys of `privacy` what needs them is withheld."""
        horizon = Horizon(self.duplicates.horizon, self.duplicates.ids_max)
        limits = Limits(self.lateness, self.exact_windows)
        waits = None if self.labels is None else Wait(self.labels.wait, self.labels.events_max)
        return Settings(
            self.event_schema(),
            self.input.map,
            limits,
            horizon,
            self.ahead_max,
            waits,
            shadow_alerts=self.output.shadow is not None,
            privacy=self.privacy.policy(keys),
        )

    def with_kafka(self, bootstrap: str | None) -> Topology:
        """Return the topology on another cluster, itself where none is given."""
        if bootstrap is None:
            return self
        return self.model_copy(update={"kafka": self.kafka.model_copy(update={"bootstrap": bootstrap})})
