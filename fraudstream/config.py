"""The topology file, schema `fraudstream.topology/v1`: which topics, which rules, which columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from fraudstream.engine.awaiting import EVENTS_MIN, Wait
from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.known_ids import IDS_MAX
from fraudstream.engine.step import Settings
from fraudstream.events.mapping import FieldMap, check_map
from fraudstream.events.schema import Column, ColumnType, Schema
from fraudstream.features.catalogue import Limits
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.fields import DurationUs
from fraudstream.rules.validation import validated
from fraudstream.rules.yaml_file import read_yaml

_TOPIC = r"^[A-Za-z0-9._-]{1,249}$"
DAY = "24h"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Kafka(_Part):
    """Which cluster, and under which consumer group the worker reads."""

    bootstrap: str = Field(pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")
    group: str = "fraudstream"


class Input(_Part):
    """The topic with the events; `map` says where the columns stand in messages made for others.

    Events of one partition keep their order. With more partitions than one the order between them is that of
    arrival, and events take their place in event time within the lateness.
    """

    topic: str = Field(pattern=_TOPIC)
    partitions: int = Field(1, ge=1, le=10_000)
    map: FieldMap | None = None


class Output(_Part):
    """The topics that the worker writes, and whether dead letters hold key and payload of their source.

    `shadow` takes what shadow rules would tell if they were live; without it that is only counted.
    """

    alerts: str = Field(pattern=_TOPIC)
    dead_letters: str = Field(pattern=_TOPIC)
    journal: str = Field(pattern=_TOPIC)
    """Says in which order the events were judged, and by which rules; read after a crash."""
    shadow: str | None = Field(None, pattern=_TOPIC)
    dead_letter_payloads: Literal["kept", "withheld"] = "kept"

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


class Labels(_Part):
    """The topic that tells later which events were fraud, and how long events wait for that.

    A label that comes later than `wait` of event time, or after `events_max` further events, is not learned.
    """

    topic: str = Field(pattern=_TOPIC)
    partitions: int = Field(1, ge=1, le=1_000)
    wait: Annotated[DurationUs, Field(validate_default=True)] = "30d"  # type: ignore[assignment]
    events_max: int = Field(1_000_000, ge=EVENTS_MIN, le=IDS_MAX)


class Keyed(_Part):
    """Several workers share the state: their stages, and the topics between them.

    `partitions` shares keep the windows, each those of the entities whose keys hash to it. Their number is
    fixed once the topics are made: another number needs other topics and another `name` of the topology.
    """

    partitions: int = Field(ge=1, le=1_000)
    parts: str = Field(pattern=_TOPIC)
    """From the first stage: a partition per share, and one for the last stage."""
    found: str = Field(pattern=_TOPIC)
    """From the shares to the last stage: a partition per share."""


class Metrics(_Part):
    """Where `/metrics` answers; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = Field(9464, ge=0, le=65_535)


class Log(_Part):
    """How a worker logs to standard error: lines for people, or JSON objects; libraries from warning on."""

    format: Literal["human", "json"] = "human"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Duplicates(_Part):
    """How long a repeated id is known as one: within a time, and among the last so many accepted ids."""

    horizon: Annotated[DurationUs, Field(validate_default=True)] = DAY  # type: ignore[assignment]
    ids_max: int = Field(1_000_000, ge=1, le=IDS_MAX)


class Checkpoints(_Part):
    """Where the state is kept, and how often.

    `url` is a directory, relative to the topology file, or any address that fsspec knows (`s3://`, `gs://`).
    `every` counts from the end of one checkpoint to the begin of the next. `key_file` holds 32 bytes, as 64
    hex digits, with which the checkpoints are encrypted.
    """

    url: str
    every: Annotated[DurationUs, Field(validate_default=True)] = "10s"  # type: ignore[assignment]
    keep: int = Field(3, ge=2, le=100)
    key_file: Path | None = None

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

    def beside(self, folder: Path) -> Checkpoints:
        """Return them with paths that count from a folder."""
        url = self.url if "://" in self.url else str((folder / self.url).resolve())
        key_file = None if self.key_file is None else (folder / self.key_file).resolve()
        return self.model_copy(update={"url": url, "key_file": key_file})


class RuleSource(_Part):
    """Where the rules come from: a directory, or a signed bundle and those who are trusted.

    `trust` names the public keys of publishers and approvers. With `approval: required` a second trusted key
    must have signed for the bundle. Paths count from the topology file. With `warm_from: input` the features
    that a change adds count what the input topic still holds before they come into force.
    """

    directory: Path | None = None
    bundle: Path | None = None
    trust: tuple[Path, ...] = ()
    approval: Literal["required", "none"] = "required"
    warm_from: Literal["input"] | None = None

    @model_validator(mode="after")
    def _fits(self) -> RuleSource:
        if (self.directory is None) == (self.bundle is None):
            raise ValueError(
                "rules are a directory, or {bundle: FILE, trust: [PUBLIC_KEY_FILE]}: name one of them"
            )
        if self.bundle is None and self.trust:
            raise ValueError("rules.trust is about bundles: name one, or leave trust out")
        needed = 1 if self.approval == "none" else 2
        if self.bundle is not None and len(set(self.trust)) < needed:
            raise ValueError(
                "rules.trust has too few keys: name the publisher's public key, and an approver's "
                "unless you write `approval: none`"
            )
        return self

    def beside(self, folder: Path) -> RuleSource:
        """Return it with paths that count from a folder."""

        def placed(path: Path | None) -> Path | None:
            return None if path is None else (folder / path).resolve()

        trust = tuple((folder / each).resolve() for each in self.trust)
        places = {"directory": placed(self.directory), "bundle": placed(self.bundle), "trust": trust}
        return self.model_copy(update=places)


class ColumnSpec(_Part):
    """A column that this deployment adds."""

    type: Literal["text", "number", "integer"]
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: frozenset[str] | None = None


def _source(value: object) -> object:
    return {"directory": value} if isinstance(value, str) else value


class Topology(_Part):
    """One topology file."""

    schema_: Literal["fraudstream.topology/v1"] = Field(alias="schema")
    name: str
    kafka: Kafka
    input: Input
    output: Output
    labels: Labels | None = None
    """Without it nothing is learned from what becomes known later."""
    keyed: Keyed | None = None
    """Without it one worker has all state, and others stand by."""
    rule_source: Annotated[RuleSource, BeforeValidator(_source)] = Field(alias="rules")
    audit: Path | None = None
    """The file, relative to this one, in which workers note every ruleset that they load or refuse."""
    lateness: Annotated[DurationUs, Field(validate_default=True)] = "5m"  # type: ignore[assignment]
    exact_windows: Annotated[DurationUs, Field(validate_default=True)] = "35d"  # type: ignore[assignment]
    """Windows that reach back no further are exact, and keep their events; longer ones count by panes."""
    ahead_max: Annotated[DurationUs, Field(validate_default=True)] = "1h"  # type: ignore[assignment]
    """An event dated more than this after its message was appended becomes a dead letter."""
    duplicates: Duplicates = Duplicates()
    processing_guarantee: Literal["at_least_once", "exactly_once"] = "at_least_once"
    checkpoints: Checkpoints | None = None
    """Without them a restarted worker reads its input from the start to know what it knew."""
    columns: Mapping[str, ColumnSpec] = {}
    metrics: Metrics = Metrics()
    log: Log = Log()

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

    @property
    def rules(self) -> Path:
        """The rule directory; RulesetError where the rules are a bundle."""
        if self.rule_source.directory is None:
            message = "is a bundle, not a rule directory: see `fraudstream rules unpack`"
            raise RulesetError([Problem(str(self.rule_source.bundle), 1, 1, message)])
        return self.rule_source.directory

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
        added = tuple(
            Column(name, ColumnType(spec.type), spec.required, spec.minimum, spec.maximum, spec.choices)
            for name, spec in self.columns.items()
        )
        return Schema().with_columns(added)

    def settings(self) -> Settings:
        """Return what the engine needs to know."""
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
        )

    def with_kafka(self, bootstrap: str | None) -> Topology:
        """Return the topology on another cluster, itself where none is given."""
        if bootstrap is None:
            return self
        return self.model_copy(update={"kafka": self.kafka.model_copy(update={"bootstrap": bootstrap})})


def load_topology(path: Path) -> Topology:
    """Read a topology file; RulesetError says where it is wrong."""
    topology = validated(read_yaml(str(path), _read(path)), Topology)
    paths: dict[str, Any] = {"rule_source": topology.rule_source.beside(path.parent)}
    if topology.audit is not None:
        paths["audit"] = (path.parent / topology.audit).resolve()
    if topology.checkpoints is not None:
        paths["checkpoints"] = topology.checkpoints.beside(path.parent)
    return topology.model_copy(update=paths)


def load_map(path: Path) -> FieldMap:
    """Read the `map:` of a file of field names; RulesetError says where it is wrong."""

    class MapFile(_Part):
        map: FieldMap

        @model_validator(mode="after")
        def _fits(self) -> Any:
            check_map(self.map, Schema())
            return self

    return validated(read_yaml(str(path), _read(path)), MapFile).map


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"cannot be read ({error.strerror}): check the path"
        raise RulesetError([Problem(str(path), 1, 1, message)]) from None
