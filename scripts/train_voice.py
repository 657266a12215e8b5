#!/usr/bin/env python3
"""Trains SoundStream from audio to weights: one command, on a GPU or a processor.

Takes all sound in --speech (STEREORING_DATA's speech/ if it is not given), of which every twelfth file is
held out. Trains for --minutes (Ctrl-C ends early and still writes); started again it goes on. Into --out come
the two .onnx files, the books that both read, and training.json with their sha256; in --run are the
checkpoint, log.csv and heard.wav, a held-out clip as the network says it.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.voice_training.export import export
from scripts.voice_training.sounds import load
from scripts.voice_training.trainer import Plan, Trainer
from workers.models import sha256


def main() -> int:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stereoring" / "voice"
    plan = Plan(minutes=0)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, metavar="FOLDER")
    parser.add_argument("--minutes", type=_minutes, default=1440)
    parser.add_argument("--device", type=_device, default=plan.device, help="cpu or cuda")
    parser.add_argument("--threads", type=_positive, default=plan.threads)
    parser.add_argument("--batch", type=_positive, default=plan.batch, help="clips in a step; 64 for a GPU")
    parser.add_argument("--channels", type=_positive, default=plan.channels, help="the paper's C: 16 or 32")
    parser.add_argument(
        "--adversary-from",
        type=float,
        default=plan.adversary_from,
        metavar="SHARE",
        help="of the time, after which the discriminators take part (%(default)s); 1: never; "
        "on a processor a step takes seven times as long with them",
    )
    parser.add_argument(
        "--settled-from",
        type=float,
        default=plan.settled_from,
        metavar="SHARE",
        help="of the time, after which only the decoder learns (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--run", type=Path, default=cache / "run")
    parser.add_argument("--out", type=Path, default=cache)
    options = parser.parse_args()
    try:
        _require_folders(options.run, options.out)
        sounds, held_out = load(options.speech or Path(os.environ.get("STEREORING_DATA", ".")) / "speech")
        plan = Plan(
            options.minutes,
            options.seed,
            options.batch,
            channels=options.channels,
            adversary_from=options.adversary_from,
            settled_from=options.settled_from,
            device=options.device,
            threads=options.threads,
        )
        trainer = Trainer(plan, sounds, held_out, options.run)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    net = trainer.run()
    found, files = trainer.validate(), export(net, options.out)
    about = {
        "run": asdict(plan),
        "steps": trainer.step,
        "minutes_spent": round(trainer.spent / 60, 2),
        "validation": found,
        "sha256": {path.name: sha256(path) for path in files},
    }
    (options.out / "training.json").write_text(json.dumps(about, indent=1) + "\n")
    print(", ".join(f"{name} {value:.4g}" for name, value in found.items()))
    print(*files, sep="\n")
    return 0


def _require_folders(*folders: Path) -> None:
    """Now, and not after a day of training. Raises ValueError."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=folder).close()
        except OSError as error:
            raise ValueError(f"{folder}: cannot be written to: {error.strerror or error}") from error


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return minutes


def _device(text: str) -> str:
    """That takes a tensor."""
    try:
        torch.zeros(1, device=text)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {str(error).splitlines()[0]}") from error
    return text


if __name__ == "__main__":
    sys.exit(main())
