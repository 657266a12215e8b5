#!/usr/bin/env python3
"""How good depth networks are: beside the network that the training learned from and a bottom-near ramp.

    scripts/eval_depth.py                        the built-in network
    scripts/eval_depth.py NAME FILE.onnx …       others, by name or file
    scripts/eval_depth.py --folder DIR           on other pictures: NAME.png or .jpg with NAME_depth.npy

rows    AbsRel, delta1, Spearman and ordinal accuracy on measured depth (STEREORING_DATA/depth) and on drawn
        scenes of kinds that were not trained on
edges   width of depth steps, 20 to 80 %, in pixels at 192 x 320
jitter  change between two frames of a 3 px pan, in percent of the range
speed   ms a frame at 192 x 320 and 256 x 448, all models in turn
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.evaluating import edges, pan, sheet, speed, subjects
from scripts.evaluating.contenders import TEACHER, Floats, Network, Picture, Ramp, contender, scaled, size_for
from scripts.evaluating.measures import figures
from scripts.evaluating.subjects import NoPicture, Subject
from workers.models import ModelError

PARTS = ("rows", "edges", "jitter", "speed")
SPEED_SIZES = ((192, 320), (256, 448))  # rows, columns
ROW_ROUNDS, SPEED_ROUNDS = 3, 60
ON_SHEET = 2  # scenes of each drawn kind
Report = dict[str, list[dict[str, Any]]]
Models = Sequence[Network | Ramp]


@dataclass(frozen=True)
class Sets:
    """What is evaluated: `judged` have depth; `shown` are only on the sheet."""

    judged: dict[str, list[Subject]]
    shown: list[Subject]


def main() -> int:
    options = parse()
    cv2.setNumThreads(1)
    try:
        models = [*(contender(name) for name in options.models), *opponents()]
        sets = sets_of(options)
    except (ModelError, NoPicture, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    report = evaluate(models, sets, options)
    print(json.dumps(report) if options.json else text_of(report))
    if options.sheet:
        write_sheet(options.sheet, models, sets, options.short_side)
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=["built-in"], help="names or .onnx files (built-in)")
    parser.add_argument("--folder", type=Path, help="judge on these pictures, not on ours")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="only some of the figures")
    parser.add_argument(
        "--drawn-only", action="store_true", help="only the drawn scenes, not STEREORING_DATA"
    )
    parser.add_argument("--short-side", type=int, default=256, help="pixels that the networks see (256)")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet, a PNG")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


def opponents() -> list[Network | Ramp]:
    """The teacher where it is on this machine, and the ramp."""
    try:
        teacher = contender(TEACHER)
    except ModelError as error:
        print(f"without the teacher: {error}", file=sys.stderr)
        return [Ramp()]
    teacher.name = "teacher"
    return [teacher, Ramp()]


def sets_of(options: argparse.Namespace) -> Sets:
    if options.folder:
        return Sets({"folder": subjects.in_folder(options.folder)}, [])
    sets = {"measured": list[Subject](), "drawn": list(subjects.drawn())}
    data = Path(os.environ.get("STEREORING_DATA", ""))
    if options.drawn_only:
        return Sets(sets, [])
    if not (data / "depth").is_dir():
        print("without measured depth: STEREORING_DATA does not name a folder with depth/", file=sys.stderr)
        return Sets(sets, [])
    return Sets(
        {**sets, "measured": subjects.measured(data / "depth")}, subjects.without_truth(data / "screens")
    )


def evaluate(models: Models, sets: Sets, options: argparse.Namespace) -> Report:
    """The parts that were asked for, each a list of rows that name their model."""
    all_judged = [subject for group in sets.judged.values() for subject in group]
    report: Report = {}
    if "rows" in options.parts:
        report["rows"] = [
            row for subject in all_judged for row in rows_of(models, subject, options.short_side)
        ]
        report["means"] = [
            row for name, group in sets.judged.items() for row in means(report["rows"], name, group)
        ]
    drawn = (
        sets.judged.get("drawn") or list(subjects.drawn())
        if {"edges", "jitter", "speed"} & {*options.parts}
        else []
    )
    if "edges" in options.parts:
        report["edges"] = edges_of(models, drawn)
    if "jitter" in options.parts:
        report["jitter"] = jitter_of(models, [*drawn, *sets.shown, *sets.judged.get("measured", [])])
    if "speed" in options.parts:
        report["speed"] = [row for size in SPEED_SIZES for row in speed_of(models, drawn[0].picture, size)]
    return report


def rows_of(models: Models, subject: Subject, short_side: int) -> list[dict[str, Any]]:
    """The four figures of each model on a picture."""
    size = size_for(subject.picture, short_side)
    picture = scaled(subject.picture, size)
    runs = {model.name: model.at(*size) for model in models}
    spent = speed.times(runs, picture, ROW_ROUNDS)
    assert subject.depth is not None, f"{subject.name} has no depth"
    return [
        {
            "model": name,
            "picture": subject.name,
            **asdict(figures(as_large_as(subject.depth, run(picture)), subject.depth)),
            "ms": float(np.median(spent[name])),
        }
        for name, run in runs.items()
    ]


def as_large_as(depth: Floats, found: Floats) -> Floats:
    """The network's map at the size of the true one."""
    return np.asarray(cv2.resize(found, depth.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def means(rows: Iterable[dict[str, Any]], name: str, group: Sequence[Subject]) -> list[dict[str, Any]]:
    """The mean figures of each model on a set of pictures."""
    names = {subject.name for subject in group}
    here = sorted((row for row in rows if row["picture"] in names), key=lambda row: str(row["model"]))
    found = []
    for model, of_model in groupby(here, key=lambda row: str(row["model"])):
        many = list(of_model)
        mean = {
            key: float(np.mean([row[key] for row in many]))
            for key in ("absrel", "delta1", "spearman", "ordinal")
        }
        found.append({"model": model, "set": name, "pictures": len(many), **mean})
    return found


def edges_of(models: Models, drawn: Sequence[Subject]) -> list[dict[str, Any]]:
    rows, columns = SPEED_SIZES[0]
    all_widths: dict[str, list[float | None]] = {model.name: [] for model in models}
    for subject in drawn:
        assert subject.depth is not None, f"{subject.name} has no depth"
        inverse = np.where(np.isfinite(subject.depth), 1 / subject.depth, 0).astype(np.float32)
        steps = edges.steps_in(cv2.resize(inverse, (columns, rows), interpolation=cv2.INTER_NEAREST))
        picture = scaled(subject.picture, (rows, columns))
        for model in models:
            all_widths[model.name] += edges.widths(model.at(rows, columns)(picture), steps)
    found = []
    for name, values in all_widths.items():
        seen = [width for width in values if width is not None]
        width = float(np.median(seen)) if seen else None
        found.append(
            {"model": name, "width_px": width, "steps": len(values), "seen": len(seen) / max(1, len(values))}
        )
    return found


def jitter_of(models: Models, pictures: Sequence[Subject]) -> list[dict[str, Any]]:
    """The ramp, which never moves, is left out."""
    ways = [pan.frames_of(subject.picture) for subject in pictures]
    return [
        {
            "model": model.name,
            "percent": float(
                np.mean([pan.jitter(model.at(pan.ROWS, pan.COLUMNS), frames) for frames in ways])
            ),
        }
        for model in models
        if isinstance(model, Network)
    ]


def speed_of(models: Models, picture: Picture, size: tuple[int, int]) -> list[dict[str, Any]]:
    runs = {model.name: model.at(*size) for model in models if isinstance(model, Network)}
    found = speed.times(runs, scaled(picture, size), SPEED_ROUNDS)
    return [
        {
            "model": name,
            "rows": size[0],
            "columns": size[1],
            "ms": float(np.median(spent)),
            "least_ms": float(spent.min()),
        }
        for name, spent in found.items()
    ]


def text_of(report: Report) -> str:
    """For a person: a table for each part."""
    return "\n\n".join(f"{part}\n{table(rows)}" for part, rows in report.items() if rows)


def table(rows: Sequence[dict[str, Any]]) -> str:
    cells = [list(rows[0]), *([written(value) for value in row.values()] for row in rows)]
    wide = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, wide, strict=True)) for line in cells
    )


def written(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-" if value is None else str(value)


def write_sheet(file: Path, models: Models, sets: Sets, short_side: int) -> None:
    """All pictures but the many drawn ones, of which there are two of each kind."""
    shown = [*sets.shown]
    for name, group in sets.judged.items():
        shown += [s for i, s in enumerate(group) if name != "drawn" or i % subjects.OF_EACH_KIND < ON_SHEET]
    networks = [model for model in models if isinstance(model, Network)]
    rows = []
    for subject in shown:
        size = size_for(subject.picture, short_side)
        truth = subject.picture * 0 + 255 if subject.depth is None else sheet.grey(inverse_of(subject.depth))
        found = [sheet.grey(model.at(*size)(scaled(subject.picture, size))) for model in networks]
        rows.append([subject.picture, truth, *found])
    whole = sheet.sheet(["picture", "true depth", *(model.name for model in networks)], rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(file), cv2.cvtColor(whole, cv2.COLOR_RGB2BGR)):
        raise SystemExit(f"{file}: cannot be written as a picture; give a name that ends in .png")


def inverse_of(depth: Floats) -> Floats:
    known = np.isfinite(depth) & (depth > 0)
    return np.where(known, 1 / np.where(known, depth, 1), np.nan).astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
