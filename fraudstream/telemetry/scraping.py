"""Reads the pages of a worker, as Prometheus and an orchestrator do."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from ssl import SSLContext
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from fraudstream.telemetry.families import PREFIX

TIMEOUT_SECONDS = 3.0


class ScrapeError(Exception):
    """A worker whose pages cannot be read: why, in a few words."""


class Reader(NamedTuple):
    """How pages are asked for: whose certificates are trusted, and what the header `Authorization` says."""

    trusted: SSLContext | None = None
    authorization: str | None = None


ANYBODY = Reader()


class Page:
    """The samples of one metrics page, by names without their prefix."""

    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[Sample]] = defaultdict(list)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples[sample.name].append(sample)

    def samples(self, name: str) -> Sequence[Sample]:
        """Return the samples of a metric of ours; `process_...` stands under its own name."""
        return self._samples.get(name if name.startswith("process_") else PREFIX + name, ())

    def value(self, name: str) -> float | None:
        """Return the only sample of a metric without labels, None where it is not there."""
        found = self.samples(name)
        return found[0].value if found else None

    def by(self, name: str, label: str, **wanted: str) -> dict[str, float]:
        """Return the sums over a metric by the values of one label, where others have wanted values."""
        sums: dict[str, float] = defaultdict(float)
        for sample in self.samples(name):
            if wanted.items() <= sample.labels.items():
                sums[sample.labels[label]] += sample.value
        return dict(sums)


def scrape(url: str, reader: Reader = ANYBODY) -> tuple[Page, Mapping[str, Any]]:
    """Return the metrics of the worker at a base address, and what its `/health/ready` tells; ScrapeError."""
    try:
        page = Page(_read(url + "/metrics", reader).decode())
        ready = json.loads(_read(url + "/health/ready", reader))
    except (URLError, OSError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise ScrapeError(str(getattr(reason, "strerror", None) or reason)) from None
    except HTTPException:
        raise ScrapeError("its answer broke off: has it just ended?") from None
    except ValueError:
        raise ScrapeError("what answers there is no fraudstream worker") from None
    if not isinstance(ready, dict) or not page.samples("ready"):
        raise ScrapeError("what answers there is no fraudstream worker")
    return page, ready


def _read(url: str, reader: Reader) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise ScrapeError("is no address of http:// or https://: name the worker as host:port")
    request = Request(url)
    # What is to be kept from others goes nowhere else, and not in the clear where workers speak TLS.
    if reader.authorization is not None and (reader.trusted is None or url.startswith("https:")):
        request.add_unredirected_header("Authorization", reader.authorization)
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS, context=reader.trusted) as answer:  # nosec B310 # above
            return bytes(answer.read())
    except HTTPError as error:
        with error:
            if error.code != 503:
                raise URLError(f"HTTP {error.code}") from None
            # Not ready, with the reasons.
            return bytes(error.read())
