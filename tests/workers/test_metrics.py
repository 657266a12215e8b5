"""What Prometheus gets to read, read by its own parser."""

import copy
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from workers.sinks._web.metrics import exposition

NOTHING = {"p50": None, "p95": None, "p99": None}
AUDIENCE: dict[str, Any] = {"clients": [{}, {}], "stale": False, "pictures": 7, "sent": 9, "skipped": 1}
WORKER: dict[str, Any] = {
    "name": 'a "quoted"\\name',
    "state": "running",
    "cpu_percent": 12.5,
    "rss_mb": 3.0,
    "fps": None,
    "restarts": 2,
    "lost": 0,
    "level_db": -12.5,
    "wait_ms": {"p50": 1.0, "p95": 2.0, "p99": 4.0},
    "work_ms": NOTHING,
    "latency_ms": NOTHING,
}
RING: dict[str, Any] = {
    "name": "frame",
    "fps": 60.0,
    "slots": 4,
    "used": 1,
    "no_slot": 0,
    "readers": [{"name": "depth", "dropped": 5}, {"name": "web", "dropped": 0}],
}
HOUSE: dict[str, Any] = {
    "launcher": {"cpu_percent": 1.0, "rss_mb": 100.0},
    "workers": [WORKER],
    "rings": [RING],
    "machine": {
        "cpu_percent": 50.0,
        "memory_percent": 10.0,
        "gpus": [{"name": "RTX", "load_percent": 80, "memory_used_mb": 1000.0}],
    },
}


def read(figures: dict[str, Any]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Each sample by its name and labels; each must be there once."""
    text = exposition(figures).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def test_figures_have_names_labels_and_base_units() -> None:
    found = read({**AUDIENCE, **HOUSE})
    worker = ("worker", WORKER["name"])
    assert found["stereoring_up", frozenset()] == 1
    assert found["stereoring_web_clients", frozenset()] == 2
    assert found["stereoring_web_pictures_total", frozenset()] == 7
    assert found["stereoring_worker_cpu_percent", frozenset({worker})] == 12.5
    assert found["stereoring_worker_restarts_total", frozenset({worker})] == 2
    assert found["stereoring_worker_wait_seconds", frozenset({worker, ("quantile", "0.95")})] == 0.002
    assert found["stereoring_ring_dropped_total", frozenset({("ring", "frame"), ("reader", "depth")})] == 5
    assert found["stereoring_gpu_memory_bytes", frozenset({("gpu", "0"), ("name", "RTX")})] == 1e9


def test_what_is_not_known_has_no_sample() -> None:
    names = {name for name, _ in read({**AUDIENCE, **HOUSE})}
    assert "stereoring_worker_fps" not in names
    assert "stereoring_worker_work_seconds" not in names


def test_every_name_says_what_it_is() -> None:
    text = exposition({**AUDIENCE, **HOUSE}).decode()
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type in ("gauge", "counter")


def test_without_a_launcher_those_who_look_are_still_counted() -> None:
    found = read({**AUDIENCE, "why_not": "the launcher has gone"})
    assert found["stereoring_up", frozenset()] == 0
    assert found["stereoring_web_clients", frozenset()] == 2


def test_a_worker_that_could_not_be_ended_does_not_hide_its_successor() -> None:
    house = copy.deepcopy(HOUSE)
    house["workers"].append({**WORKER, "state": "retired", "cpu_percent": None})
    assert read({**AUDIENCE, **house})[
        "stereoring_worker_cpu_percent", frozenset({("worker", WORKER["name"])})
    ]
