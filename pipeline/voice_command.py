"""`launcher.py voice`: speech in files into packets, back, and beside Opus."""

import argparse
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from pipeline.own_models import MODELS
from pipeline.stopping import INTERRUPTED, stopping
from workers.convert._whole import put
from workers.models import ModelError, download, has_file
from workers.voice._lyra import FRAME, RATE
from workers.voice._lyra_books import BOOKS
from workers.voice._manifest import MODELS as VOICE_MODELS

MOST_KBPS = BOOKS / 5
ENDING = ".voice"


Item = TypeVar("Item")


class Refused(Exception):
    """What stands in the way."""


class _Stopped(Exception):
    """By Ctrl-C."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    voice = commands.add_parser("voice", help="files of speech at a few kilobits a second")
    actions = voice.add_subparsers(required=True, metavar="ACTION")
    encode = actions.add_parser("encode", help=f"any file with sound in it into NAME{ENDING}")
    encode.set_defaults(command=lambda options: _carried_out(_encode, options))
    encode.add_argument("--kbps", type=_kbps, default=6.0, help=f"0.2 to {MOST_KBPS}, in steps of 0.2 (6)")
    decode = actions.add_parser("decode", help=f"NAME{ENDING} into NAME.wav")
    decode.set_defaults(command=lambda options: _carried_out(_decode, options))
    compare = actions.add_parser("compare", help="how it sounds at several rates, beside Opus")
    compare.set_defaults(command=lambda options: _carried_out(_compare, options))
    for action in (encode, decode, compare):
        action.add_argument("file", type=Path, metavar="FILE")
    for action in (encode, decode):
        action.add_argument("--out", type=Path, metavar="FILE", help="where to (default: beside it)")
        action.add_argument("--overwrite", action="store_true", help="a file of an earlier time")


def _kbps(text: str) -> float:
    try:
        kbps = float(text)
    except ValueError:
        kbps = 0.0
    if not 0.2 <= kbps <= MOST_KBPS:
        raise argparse.ArgumentTypeError(f"must be 0.2 to {MOST_KBPS}, not {text}")
    return kbps


def _carried_out(action: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> int:
    """Exit code 1 for what could not be done, or not whole."""
    from workers.sound._reading import CannotRead  # brings FFmpeg, which other commands need not wait for

    try:
        if options.file.is_dir():
            raise Refused(f"{options.file} is a folder; FILE has to name a file")
        for model in VOICE_MODELS.values():
            if not has_file(model):
                print(f"downloading {model.name}", file=sys.stderr)
                download(MODELS[model.name], lambda done, total: None)
        action(options)
    except (Refused, CannotRead, ModelError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, _Stopped):
        print(f"{options.file}: stopped", file=sys.stderr)
        return INTERRUPTED
    return 0


def _encode(options: argparse.Namespace) -> None:
    from workers.sound._reading import frames_of
    from workers.voice._files import encode

    frames = frames_of(str(options.file), RATE, FRAME)
    with stopping() as stop, _written(options, ENDING) as (part, out):
        made = encode(_until(stop, frames), part, options.kbps)
    kbps = (
        f", {made.nbytes * 8e-3 / made.seconds:.2f} kbit/s with all that belongs to it"
        if made.seconds
        else ""
    )
    print(f"{out}: {made.seconds:.1f} s, {made.nbytes} bytes{kbps}")


def _decode(options: argparse.Namespace) -> None:
    from workers.sinks._wav import WavFile
    from workers.voice._container import NotVoice, packets_of
    from workers.voice._files import decoded

    try:
        header, packets = packets_of(options.file)
    except NotVoice as error:
        raise Refused(str(error)) from error
    cut_off = None
    with (
        stopping() as stop,
        _written(options, ".wav") as (part, out),
        closing(WavFile(part, header.rate)) as file,
    ):
        try:
            for pcm in _until(stop, decoded(packets, header.samples)):
                file.write(pcm)
        except NotVoice as error:
            cut_off = str(error)
            if error.seconds == 0:
                raise Refused(cut_off) from error
        except OSError as error:
            if file.seconds == 0:
                raise
            cut_off = f"{out}: {error.strerror or error}; what is written of it stays"
    print(f"{out}: {file.seconds:.1f} s")
    if cut_off is not None:
        raise Refused(cut_off)


def _compare(options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.table import Table

    from workers.sound._reading import read_whole
    from workers.voice._judging import CODECS, is_silent, judged

    pcm = read_whole(str(options.file), RATE)
    if len(pcm) < RATE:
        raise Refused(f"{options.file}: {len(pcm) / RATE:.1f} s are too short to compare; a second at least")
    if is_silent(pcm):
        raise Refused(f"{options.file}: nothing is heard in it, so there is nothing to compare")
    table = Table("codec", "kbit/s", "PESQ", "STOI", "dB off", box=None, pad_edge=False)
    for name, kbps in CODECS:
        found = judged(pcm, name, kbps)
        row = [f"{value:.2f}" if value is not None else "-" for value in found]
        table.add_row(name, f"{kbps:g}", *row)
    Console().print(table)
    print("PESQ 1 to 4.6 and STOI 0 to 1: more is better (- where the packages pesq and pystoi are not here)")
    print("dB off: how far the level of a band is from the original's at a moment, on average")


def _until(stop: threading.Event, items: Iterator[Item]) -> Iterator[Item]:
    """An interrupt at any moment could come where FFmpeg or LiteRT swallows it. Raises _Stopped."""
    for item in items:
        if stop.is_set():
            raise _Stopped
        yield item


@contextmanager
def _written(options: argparse.Namespace, ending: str) -> Iterator[tuple[Path, Path]]:
    """A file that is there when it is whole: its name while it is written, and then."""
    out = options.out or options.file.with_suffix(ending)
    try:
        if out.is_dir():
            raise Refused(f"{out} is a folder; --out has to name a file")
        if out.exists() and options.file.exists() and out.samefile(options.file):
            raise Refused(f"{out} is the file itself; --out has to name another")
        if out.exists() and not options.overwrite:
            raise Refused(f"{out} is there already; give --overwrite or another --out")
        part = out.with_name(f".{out.name[:40]}.{os.getpid()}.part")  # names may be as long as can be
        try:
            yield part, out
            put(part, out)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        why = error.strerror or error
        raise Refused(f"{out} cannot be written: {why}; --out names another place") from error
