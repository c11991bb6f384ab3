"""Figures for Prometheus beside those of requests: consumers, dead letters, connections, jobs.

They are read when they are asked for. Of a store that is away there are none, which Prometheus tells from zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Sample = tuple[tuple[str, ...], float]
"""Values of the labels, and the figure."""


@dataclass(frozen=True, slots=True)
class Family:
    """Figures of one name: what they say, and by which labels they are told apart. A counter's name ends in _total."""

    name: str
    kind: Literal["gauge", "counter"]
    means: str
    labels: tuple[str, ...]


BEHIND: Final = Family(
    "trefoil_consumer_events_behind", "gauge", "Events a consumer has not dealt with, all brands", ("consumer",)
)
SET_ASIDE: Final = Family(
    "trefoil_consumer_events_set_aside", "gauge", "Events passed over and not replayed", ("consumer",)
)
TROUBLED: Final = Family(
    "trefoil_consumer_brands_troubled", "gauge", "Brands in which something is wrong with it", ("consumer",)
)
DEAD_LETTERS: Final = Family(
    "trefoil_dead_letters", "gauge", "Messages of the stream that could not be taken", ("transport",)
)
WORKER_UP: Final = Family("trefoil_worker_up", "gauge", "1 while a worker gives signs of life", ())
POOL_SIZE: Final = Family("trefoil_postgres_pool_connections", "gauge", "Connections of this process", ())
POOL_USED: Final = Family("trefoil_postgres_pool_connections_used", "gauge", "Connections in use now", ())
POOL_WAITING: Final = Family("trefoil_postgres_pool_requests_waiting", "gauge", "Who waits for a connection now", ())
JOB_RUNS: Final = Family(
    "trefoil_job_runs_total",
    "counter",
    "Runs of a job, by brand: done or put_off, failed, cancelled",
    ("job", "outcome"),
)
JOB_SECONDS: Final = Family("trefoil_job_seconds_total", "counter", "Time that its runs took", ("job",))

FAMILIES: Final = (
    *(BEHIND, SET_ASIDE, TROUBLED, DEAD_LETTERS, WORKER_UP, POOL_SIZE, POOL_USED, POOL_WAITING, JOB_RUNS, JOB_SECONDS),
)


def exposition(found: Mapping[Family, list[Sample]]) -> bytes:
    """These figures in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Found(found))
    return generate_latest(registry)


class _Found:
    def __init__(self, found: Mapping[Family, list[Sample]]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        for family, samples in self._found.items():
            made = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            metric = made(family.name, family.means, labels=family.labels)
            for labels, figure in samples:
                metric.add_metric(labels, figure)
            yield metric
