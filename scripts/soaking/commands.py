"""The commands of scripts/soak."""

import argparse
import json
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NamedTuple

import psutil

from pipeline.addresses import NotRunning
from scripts.soaking import (
    claps,
    joins,
    kills,
    launcher_killed,
    resize,
    steady,
    stream_claps,
    voice,
    web_fuzz,
)
from scripts.soaking.launching import log_end, private_runtime
from scripts.soaking.report import Result, SoakError

INTERRUPTED = 130  # exit code


class Command(NamedTuple):
    """`options`: what `fill` takes, with the defaults."""

    fill: Callable[..., None]
    help: str
    options: dict[str, int | float]


COMMANDS = {
    "steady": Command(steady.fill, "1080p60 for long: nothing grows", {"seconds": 600.0}),
    "resize": Command(resize.fill, "ever larger frames while leases are out", {"resizes": 200}),
    "kills": Command(
        kills.fill, "workers killed and stopped at random: all come back", {"seconds": 120.0, "every": 4.0}
    ),
    "launcher_killed": Command(
        launcher_killed.fill, "kill -9 of the launcher at random moments: nothing is left", {"times": 20}
    ),
    "voice": Command(
        voice.fill,
        "a call whose workers are killed at random: the sound is back",
        {"seconds": 1800.0, "every": 15.0},
    ),
    "claps": Command(
        claps.fill, "claps and flashes into files: sound and picture stay together", {"seconds": 3600.0}
    ),
    "joins": Command(
        joins.fill, "players of every stream come and leave, some without a word", {"times": 100}
    ),
    "stream_claps": Command(
        stream_claps.fill,
        "claps and flashes by every way of a stream: sound and picture stay together",
        {"seconds": 3600.0},
    ),
    "web_fuzz": Command(
        web_fuzz.fill, "rubbish for the web server: only who sends it feels it", {"seconds": 600.0}
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: all checks pass; 1: one does not; 130: Ctrl-C or SIGTERM, and nothing is left running."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    random.seed(options.seed)
    print(f"seed {options.seed}", file=sys.stderr)
    names = COMMANDS if options.command == "all" else [options.command]
    try:
        results = [_run(name, options) for name in names]
    except KeyboardInterrupt:
        print("\nsoak: interrupted; nothing is left running", file=sys.stderr)
        return INTERRUPTED
    passed = all(result.passed for result in results)
    if options.json:
        runs = [result.as_json() for result in results]
        print(json.dumps({"seed": options.seed, "passed": passed, "runs": runs}, indent=1))
    else:
        print("\n\n".join(result.text() for result in results))
    return 0 if passed else 1


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print figures and checks as JSON")
    shared.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of all that is random")
    parser = argparse.ArgumentParser(prog="soak", description="What takes longer than a minute.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("all", parents=[shared], help="all of these, one after the other")
    for name, command in COMMANDS.items():
        own = commands.add_parser(name, parents=[shared], help=command.help)
        for option, default in command.options.items():
            own.add_argument(f"--{option}", type=type(default), default=default, help=f"(default {default})")
    return parser


def _run(name: str, options: argparse.Namespace) -> Result:
    command = COMMANDS[name]
    own = {option: getattr(options, option, default) for option, default in command.options.items()}
    result, begin = Result(name), time.monotonic()
    with private_runtime() as folder:
        try:
            command.fill(result, folder, **own)
        except (SoakError, NotRunning, psutil.NoSuchProcess) as error:
            result.check("the run comes to its end", False, error)
        result.log = "" if result.passed else log_end(folder)
    result.seconds = time.monotonic() - begin
    return result


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
