"""The batch histogram against prometheus_client's own."""

from __future__ import annotations

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families

from fraudstream.telemetry.histogram import BatchHistogram

BUCKETS = (0.001, 0.5, 1.0, 2.0, 10_000.0)
VALUES = [0.0, 0.001, 0.0010001, 0.5, 0.75, 1.0, 3.0, 10_000.0, 10_001.0, 1e9, -1.0]


def samples(registry: CollectorRegistry) -> dict[tuple[str, str, float], float]:
    """Return what a scrape of the registry says, by sample name, label and upper bound."""
    from prometheus_client import generate_latest  # noqa: PLC0415 - beside its parser's name

    return {
        (sample.name, sample.labels.get("model", ""), float(sample.labels.get("le", "nan"))): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if not sample.name.endswith("_created") and "le" in sample.labels
    } | {
        (sample.name, sample.labels.get("model", ""), 0.0): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if sample.name.endswith(("_count", "_sum"))
    }


@pytest.mark.parametrize("label", [None, "model"])
@pytest.mark.parametrize("cuts", [[], [1, 4], list(range(1, 11))])
def test_a_scrape_says_what_the_client_s_own_histogram_says(label: str | None, cuts: list[int]) -> None:
    """Buckets, count and sum are equal, values on a bound included, however the batches are cut."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    batched = BatchHistogram("h", "help", BUCKETS, ours, label)
    single = Histogram("h", "help", [label] if label else [], buckets=BUCKETS, registry=theirs)
    given = ["m"] if label else []
    for batch in np.split(np.array(VALUES), cuts):
        if len(batch) == 1:
            batched.observe_one(float(batch[0]), *given)
        else:
            batched.observe(batch, *given)
    child = single.labels("m") if label else single
    for value in VALUES:
        child.observe(value)
    assert samples(ours) == samples(theirs)


def test_without_values_the_buckets_are_there_and_empty() -> None:
    """A dashboard shows zero, not nothing."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    BatchHistogram("h", "help", BUCKETS, ours)
    Histogram("h", "help", buckets=BUCKETS, registry=theirs)
    assert samples(ours) == samples(theirs)
    assert len(samples(ours)) == len(BUCKETS) + 3
