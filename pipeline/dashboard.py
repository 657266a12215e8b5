"""`launcher.py top`: the figures of a running launcher, as a live table for people, as pages without a
terminal, or as JSON for scripts."""

import io
import json
import os
import sys
import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.addresses import NoAddress, NoAnswer, NotRunning, running
from pipeline.stats import Figures, Observer

METER = 30  # characters
PAGE = 200  # columns, where no terminal says how many
STATE_STYLES = {"running": "green", "live": "green", "failed": "bold red", "retired": "bold red"}


def top(pid: int | None, *, as_json: bool, interval: float | None, count: int | None) -> int:
    """Returns the exit code: 1 when there is nothing to watch."""
    try:
        observer = Observer(pid) if pid is not None else _of_newest()
        if as_json:
            _print_json(observer, interval or 1.0, count or 1)
        elif sys.stdout.isatty():
            _show(observer, interval or 0.25, count)
        else:
            _print_pages(observer, interval or 1.0, count)
    except (NoAddress, NoAnswer) as error:
        print(error, file=sys.stderr)
        return 1
    except NotRunning as error:
        print(f"{error}; start one with `launcher.py run`", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has left; Python is not to try again at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        pass
    return 0


def _of_newest() -> Observer:
    """A socket may be left of one that was killed, whose process id another program has now."""
    for pid in reversed(running()):
        try:
            return Observer(pid)
        except NoAnswer:
            raise
        except NotRunning:
            continue
    raise NotRunning("no launcher is running")


def _print_json(observer: Observer, interval: float, count: int) -> None:
    """Rates need two looks, so the first object comes after one interval."""
    observer.figures()
    for _ in range(count):
        time.sleep(interval)
        print(json.dumps(observer.figures()), flush=True)


def _show(observer: Observer, interval: float, count: int | None) -> None:
    shown = 0
    with Live(console=_console(), screen=True, auto_refresh=False) as live:
        while count is None or shown < count:
            live.update(_page(observer.figures(), observer.pid), refresh=True)
            shown += 1
            time.sleep(interval)


def _print_pages(observer: Observer, interval: float, count: int | None) -> None:
    """Plain text, one page after the other; the first after one interval, for rates need two looks."""
    observer.figures()
    shown = 0
    while count is None or shown < count:
        time.sleep(interval)
        columns = None if os.environ.get("COLUMNS") else PAGE
        console = _console(file=io.StringIO(), width=columns, color_system=None, force_terminal=False)
        with console.capture() as page:
            console.print(_page(observer.figures(), observer.pid))
        print(page.get(), flush=True)
        shown += 1


def _console(**how: Any) -> Console:
    """With plain cells: a third of the time."""
    return Console(markup=False, highlight=False, emoji=False, **how)


def _page(figures: Figures, pid: int) -> Group:
    gap = Text()
    tables = _workers(figures["workers"]), gap, _rings(figures["rings"])
    return Group(_headline(figures, pid), *_meters(figures["workers"]), gap, *tables, gap, _machine(figures))


def _meters(workers: list[Figures]) -> list[Text]:
    """How loud what is heard is."""
    heard = [worker for worker in workers if worker["level_db"] is not None]
    return [Text(f"{worker['name']}  {_meter(worker['level_db'])}") for worker in heard]


def _meter(level: float) -> str:
    """A bar from -60 dB to full scale."""
    full = max(0, min(METER, round(METER * (1 + level / 60))))
    return f"[{'#' * full}{'-' * (METER - full)}] {level:.0f} dB"


def _headline(figures: Figures, pid: int) -> Text:
    sinks = [worker for worker in figures["workers"] if worker["latency_ms"]["p50"] is not None]
    latency = _triple(sinks[-1]["latency_ms"]) if sinks else "-"
    return Text.assemble(
        ("stereoring", "bold"),
        f"  launcher {pid}, capture to present ",
        (latency, "bold"),
        " ms (p50/p95/p99)",
    )


def _workers(workers: list[Figures]) -> Table:
    table = _table("worker", "state", numbers="cpu %|MB|thr|fps|lost|starts|wait ms|work ms|latency ms")
    for worker in workers:
        table.add_row(
            worker["name"],
            _state(worker["state"], worker["busy"]),
            _number(worker["cpu_percent"], 1),
            _number(worker["rss_mb"], 0),
            _number(worker["threads"], 0),
            _number(worker["fps"], 1),
            str(worker["lost"]),
            str(worker["restarts"] + 1),
            *(_triple(worker[key]) for key in ("wait_ms", "work_ms", "latency_ms")),
        )
    return table


def _rings(rings: list[Figures]) -> Table:
    table = _table(
        "ring", "state", numbers="fps|used|age ms|frame|no slot", last="reader: fps, dropped, leases"
    )
    for ring in rings:
        readers = [
            f"{reader['name']}: {_number(reader['fps'], 0)}, {reader['dropped']}, {reader['leases']}"
            for reader in ring["readers"]
        ]
        table.add_row(
            ring["name"],
            _state(ring["state"]),
            _number(ring["fps"], 1),
            f"{ring['used']}/{ring['slots']}",
            _number(ring["age_ms"], 0),
            "x".join(map(str, ring["shape"])) + f" {ring['dtype']}",
            str(ring["no_slot"]),
            "; ".join(readers),
        )
    return table


def _machine(figures: Figures) -> Text:
    machine, launcher = figures["machine"], figures["launcher"]
    lines = [
        f"machine: {machine['cpu_percent']:.0f} % of {machine['cores']} cores, "
        f"memory {machine['memory_percent']:.0f} %; "
        f"launcher: {_number(launcher['cpu_percent'], 1)} % of a core, {_number(launcher['rss_mb'], 0)} MB"
    ]
    for gpu in machine["gpus"]:
        used = f"{_number(gpu['memory_used_mb'], 0)} of {_number(gpu['memory_total_mb'], 0)} MB"
        lines.append(f"{gpu['name']}: {_number(gpu['load_percent'], 0)} %, {used}")
    return Text("\n".join(lines))


def _table(*names: str, numbers: str, last: str | None = None) -> Table:
    """No lines around cells: half of the time to draw a table goes into them."""
    table = Table(box=None, pad_edge=False, header_style="bold cyan", padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in numbers.split("|"):
        table.add_column(name, justify="right", no_wrap=True)
    if last:
        table.add_column(last)
    return table


def _state(state: str, busy: str = "") -> Text:
    return Text(f"{state}: {busy}" if busy else state, style=STATE_STYLES.get(state, "yellow"))


def _number(value: Any, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _triple(spread: dict[str, float | None]) -> str:
    if spread["p50"] is None:
        return "-"
    return "/".join(_number(value, 1) for value in spread.values())
