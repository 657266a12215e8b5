"""The commands of launcher.py."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from pipeline.addresses import NoAddress, address_of
from pipeline.attach import Desk
from pipeline.compiled import place_for_compiled
from pipeline.convert_command import add_parser as add_convert_parser
from pipeline.cutout_command import add_parser as add_cutout_parser
from pipeline.errands import Errands
from pipeline.graph import GraphError, make_plan
from pipeline.housekeeping import Housekeeping
from pipeline.in_use import InUse
from pipeline.log_stream import LogStream
from pipeline.log_tail import LogTail
from pipeline.models_command import add_parser as add_models_parser
from pipeline.offer import offer
from pipeline.open_panel import OpenPanel, with_panel
from pipeline.pick import pick
from pipeline.priority import set_priority
from pipeline.reload import Reload
from pipeline.settings import Settings, SettingsError, load
from pipeline.supervisor import Supervisor
from pipeline.voice_command import add_parser as add_voice_parser
from pipeline.where import stand_somewhere
from shm.errors import NoMemory

SETTINGS = Path(__file__).parent.parent / "settings.yaml"
WRONG_SETTINGS = 2  # exit code
log = logging.getLogger("stereoring.launcher")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0, 1 for a failure while running, 2 for wrong settings or arguments."""
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help")):
        arguments = ["run", *arguments]
    options = _parser().parse_args(arguments)
    if options.command is not _run:  # which sets its own when there is something to stop
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if moved := stand_somewhere():
        print(moved, file=sys.stderr)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="launcher.py", description="Turns whatever is on your screen into 3D, live."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="start (what happens without a command)")
    run.set_defaults(command=_run)
    _add_settings_file(run)
    run.add_argument("--profile", metavar="NAME", help="a profile of the settings file, on top of it")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="on top of all; can be repeated",
    )
    run.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), help="same as --set log.level=…"
    )
    run.add_argument("--panel", action="store_true", help="open the control panel in the browser")
    run.add_argument("--plan", action="store_true", help="print workers and rings, start nothing")
    check = commands.add_parser("check", help="what this machine can do and what is wrong")
    check.set_defaults(command=_check)
    _add_settings_file(check)
    check.add_argument("--zip", type=Path, metavar="FILE", help="write it all into a zip, for a bug report")
    devices = commands.add_parser(
        "devices", help="list monitors, windows, cameras, microphones, speakers and compute devices"
    )
    devices.set_defaults(command=_devices)
    add_models_parser(commands)
    add_convert_parser(commands, SETTINGS)
    add_cutout_parser(commands)
    add_voice_parser(commands)
    top = commands.add_parser("top", help="watch a running launcher")
    top.set_defaults(command=_top)
    top.add_argument("--pid", type=int, help="which, if there are several (default: the newest)")
    top.add_argument("--json", action="store_true", help="figures for a script, one object a line")
    top.add_argument(
        "--interval", type=_seconds, metavar="S", help="between figures (0.25; into a file or a pipe 1)"
    )
    top.add_argument("--count", type=_count, metavar="N", help="so many times, then end (for --json 1)")
    return parser


def _add_settings_file(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--settings", type=Path, default=SETTINGS, metavar="FILE", help="instead of settings.yaml"
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.01 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("must be 0.01 to 3600")
    return seconds


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return count


def _run(options: argparse.Namespace) -> int:
    overrides = list(options.set)
    if options.log_level:
        overrides.append(f"log.level={options.log_level}")
    try:
        asked = load(options.settings, profile=options.profile, overrides=overrides)
        if options.panel and (more := with_panel(asked.sinks)):
            overrides += more
            asked = load(options.settings, profile=options.profile, overrides=overrides)
        settings, reasons = pick(asked)
        plan = make_plan(settings)
    except (SettingsError, GraphError) as error:
        print(error, file=sys.stderr)
        return WRONG_SETTINGS
    if options.plan:
        print("\n".join([*reasons, plan.text()]))
        return 0
    log_tail = LogTail()
    level = _start_log(settings, log_tail)
    try:
        address_of(os.getpid())
        supervisor = Supervisor(plan, level)
    except (GraphError, NoMemory, NoAddress) as error:
        print(error, file=sys.stderr)
        return 1
    for reason in reasons:
        log.info("%s", reason)
    needs_depth = asked.section("job").kind == "3d" and asked.section("depth").model == "auto"
    if needs_depth and (better := offer()):
        log.info("%s", better)
    log.info("%s", plan.text())
    if settings.section("processes").priority != "normal":
        set_priority(settings.section("processes").priority, [os.getpid()])  # before there are others
    _stop_on_signals(supervisor)
    in_use = InUse(asked, settings, overrides, supervisor)
    reload = Reload(in_use)
    keeping = Housekeeping(supervisor, in_use, reload, log_tail)
    errands = Errands(keeping.errands())
    desk = Desk(supervisor.describe, supervisor.segments, errands)

    panel = OpenPanel(supervisor) if options.panel else None

    def every_round() -> None:
        reload.poll()
        keeping.downloads.poll()
        errands.carry_out()
        desk.refresh()
        if panel is not None:
            panel.poll()

    try:
        with place_for_compiled():
            code = supervisor.run(every_round)
        log.info("stopped")
    except NoMemory as error:  # for the successor of a corrupt segment
        log.critical("%s", error)
        code = 1
    finally:
        reload.close()
        keeping.downloads.close()
        desk.close()
    if supervisor.left_behind:
        logging.shutdown()
        os._exit(code)  # Python would wait for every process at its exit, for ever for one that cannot end
    return code


def _start_log(settings: Settings, tail: LogTail) -> int:
    """One stream for all processes: time, level, whose, what. Returns the level."""
    level: int = logging.getLevelNamesMapping()[settings.section("log").level.upper()]
    handler = LogStream()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-8s %(name)s: %(message)s"))
    root = logging.getLogger("stereoring")
    root.addHandler(handler)
    root.addHandler(tail)
    root.setLevel(level)
    return level


def _stop_on_signals(supervisor: Supervisor) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        supervisor.stop_requested = True

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):  # the last is Windows'
        number = getattr(signal, name, None)
        if number is not None and (name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN):
            signal.signal(number, stop)  # a hang-up that nohup has us ignore stays ignored


def _check(options: argparse.Namespace) -> int:
    from pipeline.check import check_command

    return check_command(options.settings, options.zip)


def _devices(options: argparse.Namespace) -> int:
    from pipeline.machine import devices_command

    return devices_command()


def _top(options: argparse.Namespace) -> int:
    from pipeline.dashboard import top  # rich takes a moment to import, and the launcher does not need it

    return top(options.pid, as_json=options.json, interval=options.interval, count=options.count)
