"""Every metric the program exports, in one place. Names follow Prometheus practice: base units, `_total`.

One registry per process, served at /metrics by health.serve.
"""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

ITEMS = Counter(
    "accordwire_items_total",
    "Items that left a stage, each once, by verdict.",
    ["stage", "verdict"],
    registry=REGISTRY,
)
DEAD_LETTERS = Counter(
    "accordwire_dead_letters_total",
    "Records sent to a dead-letter topic, by topic and reason.",
    ["topic", "reason"],
    registry=REGISTRY,
)
GAPS = Counter(
    "accordwire_source_gaps_total",
    "Polls that held no item of the poll before: some may have been missed between them.",
    ["source"],
    registry=REGISTRY,
)
_gauges: dict[str, Gauge] = {}
_histograms: dict[str, Histogram] = {}


def gauge(name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
    """The gauge of that name, made at first use."""
    if name not in _gauges:
        _gauges[name] = Gauge(name, help_text, labels, registry=REGISTRY)
    return _gauges[name]


def histogram(name: str, help_text: str, buckets: Sequence[float], labels: Sequence[str] = ()) -> Histogram:
    """The histogram of that name, made at first use. Buckets in the unit the name ends with."""
    if name not in _histograms:
        _histograms[name] = Histogram(name, help_text, labels, buckets=buckets, registry=REGISTRY)
    return _histograms[name]


def render() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
