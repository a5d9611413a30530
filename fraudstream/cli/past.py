"""The options by which commands of the workbench are given history, and what they read of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fraudstream.config import load_map, load_topology
from fraudstream.engine.step import Settings
from fraudstream.workbench.sources import Source, open_source

DataFiles = Annotated[
    list[Path] | None, typer.Option("--data", help="JSONL, CSV or parquet files, in order of time.")
]
MoreFiles = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILES]...", help="More files, after that of --data.")
]
MapFile = Annotated[Path | None, typer.Option("--map", help="A YAML file with a `map:` of field names.")]
OrderBy = Annotated[
    str | None, typer.Option(help="Take the rows of a table in the order of this column, e.g. of arrival.")
]


def settings_of(topology: Path | None, map_file: Path | None) -> Settings:
    """Return the settings of a deployment, its field names replaced where a map is given."""
    settings = Settings() if topology is None else load_topology(topology).settings()
    return settings if map_file is None else replace(settings, mapping=load_map(map_file))


def data_sources(data: list[Path] | None, more: list[Path] | None, order_by: str | None) -> list[Source]:
    """Open the files of `--data A B C` in their order; SourceError where one cannot be read."""
    return [open_source(path, order_by) for path in (*(data or ()), *(more or ()))]


def batches_of(sources: Sequence[Source]) -> Iterator[list[bytes]]:
    """Yield the messages of all files, one after the other."""
    return (batch for source in sources for batch in source.batches())
