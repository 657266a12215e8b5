"""`launcher.py models`: what there is, what of it is here, and getting it."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from pipeline.own_models import MODELS
from pipeline.stopping import INTERRUPTED
from workers.depth._folders import find as find_folder
from workers.depth._folders import is_name
from workers.depth._hub_models import HUB_MODELS, TRANSFORMERS, UNKNOWN
from workers.depth._manifest import MODELS as DEPTH_MODELS
from workers.depth._models import download_folder
from workers.models import Model, ModelError, cache_folder, download, places, verify
from workers.person._manifest import MODELS as PERSON_MODELS
from workers.person._pose_models import DETECTOR, POSE_MODELS
from workers.voice._manifest import MODELS as VOICE_MODELS


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    models = commands.add_parser("models", help="list, download and verify models")
    models.set_defaults(command=lambda options: _list())
    actions = models.add_subparsers(metavar="ACTION")
    actions.add_parser("list", help="all known models (what happens without an action)").set_defaults(
        command=lambda options: _list()
    )
    get = actions.add_parser("download", help="get a model; goes on where an earlier attempt stopped")
    get.add_argument("name", type=_downloadable, help="of the list, or ORG/NAME of any at Hugging Face")
    get.set_defaults(command=lambda options: _download(options.name))
    export = actions.add_parser("export", help="write a pose network as ONNX, for other engines")
    export.add_argument("name", choices=[name for name in POSE_MODELS if name != DETECTOR])
    export.add_argument("file", type=Path, metavar="OUT.onnx")
    export.set_defaults(command=lambda options: _export(options.name, options.file))
    actions.add_parser("verify", help="compare every model file here with its sha256").set_defaults(
        command=lambda options: _verify()
    )


def _downloadable(name: str) -> str:
    """Raises ArgumentTypeError for what has no address."""
    known = [model.name for model in MODELS.values() if model.address]
    if name not in known and not is_name(name):
        raise argparse.ArgumentTypeError(
            f"{name!r} is not to be had; choose {', '.join(known)}, or ORG/NAME of a network at Hugging Face"
        )
    return name


def _list() -> int:
    print("for depth.model")
    _print_manifest(DEPTH_MODELS.values())
    print("\nfor segment.model")
    _print_manifest(PERSON_MODELS.values())
    print("\nfor pose.model")
    _print_manifest(POSE_MODELS.values())
    print("\nfor job.kind voice")
    _print_manifest(VOICE_MODELS.values())
    print(f"\nfor depth.model as well: Hugging Face's, by name; they run in {TRANSFORMERS}")
    table = _table("model", "MB", "licence", "sizes", "here")
    for hub in HUB_MODELS.values():
        folder = find_folder(hub.name, cache_folder()) if hub.runs else None
        here = str(folder or "no") if hub.runs else f"cannot run yet: takes {hub.needs}"
        megabytes = f"{hub.megabytes:.0f}" if hub.megabytes else UNKNOWN
        table.add_row(hub.name, megabytes, hub.licence, hub.rule, here)
    Console().print(table)
    print(f"downloads go to {cache_folder()}")
    return 0


def _print_manifest(models: Iterable[Model]) -> None:
    table = _table("model", "MB", "licence", "here", "about")
    for model in models:
        here = next((str(path) for path in places(model) if path.is_file()), "no")
        table.add_row(model.name, f"{model.nbytes / 1e6:.1f}", model.licence, here, model.about)
    Console().print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column == "model")
    return table


def _download(name: str) -> int:
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    try:
        with Progress(*columns) as progress:
            task = progress.add_task(name, total=MODELS[name].nbytes if name in MODELS else None)

            def told(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            path = download(MODELS[name], told) if name in MODELS else download_folder(name, told)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"stopped; what has come of {name} is kept, the same command goes on", file=sys.stderr)
        return INTERRUPTED
    print(f"{path}: verified")
    return 0


def _export(name: str, target: Path) -> int:
    """What is there is not overwritten."""
    from workers.person._onnx_export import CannotConvert, landmarks_as_onnx  # onnx takes its time

    try:
        content = landmarks_as_onnx(name)
        with target.open("xb") as file:
            file.write(content)
    except (ModelError, CannotConvert) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{target}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{target}: {len(content) / 1e6:.1f} MB")
    return 0


def _verify() -> int:
    wrong = 0
    for model in MODELS.values():
        for path in places(model):
            if not path.is_file():
                continue
            try:
                verify(model, path)
                print(f"{path}: is {model.name}")
            except ModelError as error:
                print(error, file=sys.stderr)
                wrong += 1
    return 1 if wrong else 0
