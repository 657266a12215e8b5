"""`launcher.py models`: what there is, what of it is here, and getting it."""

import argparse
import sys

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from workers.depth._manifest import MODELS
from workers.depth._models import ModelError, cache_folder, download, places, verify


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    models = commands.add_parser("models", help="list, download and verify depth models")
    models.set_defaults(command=lambda options: _list())
    actions = models.add_subparsers(metavar="ACTION")
    actions.add_parser("list", help="all known models (what happens without an action)").set_defaults(
        command=lambda options: _list()
    )
    get = actions.add_parser("download", help="get a model; goes on where an earlier attempt stopped")
    get.add_argument("name", choices=sorted(name for name, model in MODELS.items() if model.address))
    get.set_defaults(command=lambda options: _download(options.name))
    actions.add_parser("verify", help="compare every model file here with its sha256").set_defaults(
        command=lambda options: _verify()
    )


def _list() -> int:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("model", "MB", "licence", "here", "about"):
        table.add_column(column, no_wrap=column == "model")
    for model in MODELS.values():
        here = next((str(path) for path in places(model) if path.is_file()), "no")
        table.add_row(model.name, f"{model.nbytes / 1e6:.1f}", model.licence, here, model.about)
    Console().print(table)
    print(f"downloads go to {cache_folder()}")
    return 0


def _download(name: str) -> int:
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    try:
        with Progress(*columns) as progress:
            task = progress.add_task(name, total=MODELS[name].nbytes)
            path = download(MODELS[name], lambda done, total: progress.update(task, completed=done))
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{path}: verified")
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
