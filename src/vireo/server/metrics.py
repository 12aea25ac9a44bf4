"""Metrics of the service in Prometheus format."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """One registry per service; no label ever holds an id of a viewer or a video."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "vireo_requests", "Answers.", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "vireo_request_seconds",
            "From the first byte of a request to the last of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.in_flight = Gauge("vireo_in_flight", "Requests now.", registry=self.registry)
        self.turned_away = Counter(
            "vireo_turned_away", "Requests refused for load.", registry=self.registry
        )
        self.events = Counter(
            "vireo_events", "Events that came.", ("what",), registry=self.registry
        )
        self.lists = Gauge("vireo_lists", "Lists by origin.", ("origin",), registry=self.registry)
        self.published = Gauge(
            "vireo_published_at_seconds",
            "When a build was published last, since 1970; 0: never.",
            registry=self.registry,
        )
        self.trouble = Gauge(
            "vireo_trouble",
            "1 while what is published last cannot be served, or cannot be looked for.",
            registry=self.registry,
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request more."""
        key = (route, method, status)
        if key not in self._known:  # finding them takes longer than counting
            counter = self.requests.labels(route, method, str(status))
            self._known[key] = (counter, self.seconds.labels(route))
        count, times = self._known[key]
        count.inc()
        times.observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def quantile(self, route: str, share: float) -> float | None:
        """The upper edge (seconds) of the bucket that holds this share of a route's answers."""
        counts: dict[float, float] = {}
        for metric in self.seconds.collect():
            for sample in metric.samples:
                if sample.name.endswith("_bucket") and sample.labels["route"] == route:
                    counts[float(sample.labels["le"])] = sample.value
        total = counts.get(float("inf"), 0.0)
        edges = sorted(edge for edge, count in counts.items() if count >= share * total)
        return edges[0] if total and edges else None
