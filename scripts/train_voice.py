#!/usr/bin/env python3
"""Trains SoundStream from audio to weights: one command, on a GPU or (for days) on a processor.

Takes all sound in --speech (STEREORING_DATA's speech/ if it is not given), of which every twelfth file is
held out. Trains for --minutes (Ctrl-C ends early and still writes); started again it goes on. Into --out come
the two .onnx files; in --run are the checkpoint, log.csv and heard.wav, a held-out clip as the network says
it.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.voice_training.export import export
from scripts.voice_training.sounds import load
from scripts.voice_training.trainer import Plan, Trainer


def main() -> int:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stereoring" / "voice"
    plan = Plan(minutes=0)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, metavar="FOLDER")
    parser.add_argument("--minutes", type=float, default=1440)
    parser.add_argument("--device", default=plan.device, help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=plan.threads)
    parser.add_argument("--batch", type=int, default=plan.batch, help="clips in a step; 64 for a GPU")
    parser.add_argument("--channels", type=int, default=plan.channels, help="the paper's C: 16 or 32")
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--run", type=Path, default=cache / "run")
    parser.add_argument("--out", type=Path, default=cache)
    options = parser.parse_args()
    try:
        sounds, held_out = load(options.speech or Path(os.environ.get("STEREORING_DATA", ".")) / "speech")
        plan = Plan(
            options.minutes,
            options.seed,
            options.batch,
            channels=options.channels,
            device=options.device,
            threads=options.threads,
        )
        trainer = Trainer(plan, sounds, held_out, options.run)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    net = trainer.run()
    print(", ".join(f"{name} {value:.4g}" for name, value in trainer.validate().items()))
    print(*export(net, options.out), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
