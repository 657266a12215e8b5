"""Figures in Prometheus' words: one name for one thing, what it is of as labels, seconds and bytes."""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Figures = dict[str, Any]
Row = tuple[tuple[str, ...], float | None]  # labels and value; None: there is none
PERCENTILES = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}
NAME = "stereoring_"


def exposition(figures: Figures) -> bytes:
    """The text that Prometheus reads. What the house would have said may be missing."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(figures))
    return generate_latest(registry)


class _Collected:
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        yield from _audience(figures)
        yield _gauge("up", "Whether the launcher answers.", [], [((), float("workers" in figures))])
        if "workers" in figures:
            yield from _workers(_each_once(figures["workers"]))
            yield from _rings(figures["rings"])
            yield from _machine(figures)


def _audience(figures: Figures) -> Iterator[Metric]:
    clients = figures["clients"]
    yield _gauge("web_clients", "Those who look by the web sink.", [], [((), len(clients))])
    yield _gauge("web_stale", "Whether the picture is stale.", [], [((), float(figures["stale"]))])
    yield _counter("web_pictures", "JPEGs made.", [], [((), figures["pictures"])])
    yield _counter("web_sent", "Pictures and packets that were sent.", [], [((), figures["sent"])])
    yield _counter(
        "web_skipped", "Pictures and packets that somebody did not get.", [], [((), figures["skipped"])]
    )


def _workers(workers: list[Figures]) -> Iterator[Metric]:
    def of(key: str, scale: float = 1.0) -> list[Row]:
        return [((one["name"],), _scaled(one[key], scale)) for one in workers]

    label = ["worker"]
    states = [((one["name"], one["state"]), 1.0) for one in workers]
    yield _gauge("worker_state", "1 for the state that it is in.", [*label, "state"], states)
    yield _gauge("worker_cpu_percent", "Processor, in percent of one core.", label, of("cpu_percent"))
    yield _gauge("worker_memory_bytes", "Resident memory.", label, of("rss_mb", 1e6))
    yield _gauge("worker_fps", "Steps in a second.", label, of("fps"))
    yield _gauge("worker_level_db", "How loud what it hears is, below full scale.", label, of("level_db"))
    yield _counter("worker_restarts", "Starts after the first.", label, of("restarts"))
    yield _counter("worker_lost", "Frames lost.", label, of("lost"))
    for key, what in (
        ("wait", "From the input's publishing to its step"),
        ("work", "Its step"),
        ("latency", "From capture to the end of its step"),
    ):
        rows: list[Row] = [
            ((one["name"], PERCENTILES[share]), _scaled(value, 1e-3))
            for one in workers
            for share, value in one[f"{key}_ms"].items()
        ]
        yield _gauge(f"worker_{key}_seconds", f"{what}.", [*label, "quantile"], rows)


def _each_once(workers: list[Figures]) -> list[Figures]:
    """One that could not be ended has the name of its successor; Prometheus takes no name twice."""
    retired_first = sorted(workers, key=lambda worker: worker["state"] != "retired")
    return list({worker["name"]: worker for worker in retired_first}.values())


def _rings(rings: list[Figures]) -> Iterator[Metric]:
    label = ["ring"]
    fps: list[Row] = [((one["name"],), one["fps"]) for one in rings]
    yield _gauge("ring_fps", "Frames published in a second.", label, fps)
    yield _gauge("ring_slots", "Slots.", label, [((one["name"],), one["slots"]) for one in rings])
    yield _gauge("ring_used_slots", "Slots in use.", label, [((one["name"],), one["used"]) for one in rings])
    no_slot: list[Row] = [((one["name"],), one["no_slot"]) for one in rings]
    yield _counter("ring_no_slot", "Times that its writer found no slot.", label, no_slot)
    dropped: list[Row] = [
        ((ring["name"], reader["name"]), reader["dropped"]) for ring in rings for reader in ring["readers"]
    ]
    yield _counter("ring_dropped", "Frames that a reader has skipped.", [*label, "reader"], dropped)


def _machine(figures: Figures) -> Iterator[Metric]:
    machine, launcher = figures["machine"], figures["launcher"]
    cpu = _scaled(machine["cpu_percent"])
    yield _gauge("machine_cpu_percent", "Processor, in percent of all cores.", [], [((), cpu)])
    memory = _scaled(machine["memory_percent"])
    yield _gauge("machine_memory_percent", "Memory in use.", [], [((), memory)])
    busy = _scaled(launcher["cpu_percent"])
    yield _gauge("launcher_cpu_percent", "Processor, in percent of one core.", [], [((), busy)])
    resident = _scaled(launcher["rss_mb"], 1e6)
    yield _gauge("launcher_memory_bytes", "Resident memory.", [], [((), resident)])
    gpus = [((str(number), gpu["name"]), gpu) for number, gpu in enumerate(machine["gpus"])]
    label = ["gpu", "name"]
    load: list[Row] = [(which, gpu["load_percent"]) for which, gpu in gpus]
    yield _gauge("gpu_load_percent", "Load of the GPU.", label, load)
    used: list[Row] = [(which, _scaled(gpu["memory_used_mb"], 1e6)) for which, gpu in gpus]
    yield _gauge("gpu_memory_bytes", "Memory of the GPU in use.", label, used)


def _gauge(name: str, what: str, labels: list[str], rows: Iterable[Row]) -> Metric:
    return _filled(GaugeMetricFamily(NAME + name, what, labels=labels), rows)


def _counter(name: str, what: str, labels: list[str], rows: Iterable[Row]) -> Metric:
    """Prometheus has `_total` at the end of its name."""
    return _filled(CounterMetricFamily(NAME + name, what, labels=labels), rows)


def _filled(family: Any, rows: Iterable[Row]) -> Metric:
    for labels, value in rows:
        if value is not None:
            family.add_metric(labels, value)
    return family  # type: ignore[no-any-return]


def _scaled(value: float | None, scale: float = 1.0) -> float | None:
    return None if value is None else value * scale
