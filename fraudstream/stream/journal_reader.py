"""Reads a journal topic from its begin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from fraudstream.stream.journal import Entry, decode

if TYPE_CHECKING:
    from fraudstream.stream.batch import Partition
    from fraudstream.stream.log_reader import LogReader


async def entries_in(reader: LogReader, journal: Partition) -> AsyncIterator[Entry]:
    """Yield the entries that are there now; JournalError where one cannot be read, KafkaError."""
    first, end = await reader.bounds(journal)
    async for batch in reader.read(journal, first, end):
        for value in batch.values:
            if value is not None:
                yield decode(value)
