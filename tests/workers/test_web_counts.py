"""What the pages count goes on when a worker or a ring begins anew."""

from typing import Any

from workers.sinks._web.growing import Growing


def figures(lost: int, dropped: int, state: str = "running") -> dict[str, Any]:
    reader = {"name": "stereo", "received": 10 * dropped, "dropped": dropped}
    return {
        "workers": [{"name": "depth", "state": state, "lost": lost}],
        "rings": [{"name": "frame", "no_slot": lost, "readers": [reader]}],
    }


def counts(said: dict[str, Any]) -> tuple[int, ...]:
    (worker,), (ring,) = said["workers"], said["rings"]
    (reader,) = ring["readers"]
    return worker["lost"], ring["no_slot"], reader["received"], reader["dropped"]


def test_they_go_on_from_what_they_were() -> None:
    growing = Growing()
    assert counts(growing.of(figures(5, 7))) == (5, 5, 70, 7)
    assert counts(growing.of(figures(0, 7))) == (5, 5, 70, 7)
    assert counts(growing.of(figures(2, 1))) == (7, 7, 80, 8)
    assert counts(growing.of(figures(1, 1))) == (8, 8, 80, 8)


def test_what_could_not_be_ended_counts_for_itself() -> None:
    growing = Growing()
    growing.of(figures(5, 0))
    both = figures(0, 0)
    both["workers"].append({"name": "depth", "state": "retired", "lost": 5})
    assert [worker["lost"] for worker in growing.of(both)["workers"]] == [5, 5]
    assert [worker["lost"] for worker in growing.of(both)["workers"]] == [5, 5]


def test_the_figures_that_came_are_left_as_they_were() -> None:
    growing, came = Growing(), figures(0, 0)
    growing.of(figures(5, 5))
    growing.of(came)
    assert came == figures(0, 0)
