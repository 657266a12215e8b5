#!/usr/bin/env python3
"""Speech at a few kilobits: how good beside Opus, how fast through two processes, with packets lost or not.

Wants STEREORING_MODELS, and STEREORING_DATA for its five clips (`--clips FILE …` takes others) and for all
speech that was held out of the training of SoundStream's weights, whose means are given besides. Opus is
FFmpeg's libopus as it comes (variable rate, so a little less than what is asked of it), without losses: PyAV
does not let its decoder conceal them. No codec here has learned from these clips. PESQ and STOI are left out
where pesq and pystoi are not installed.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as a worker has it; read when numpy is imported

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.voice_paths.line import measured
from scripts.voice_training.losses import si_sdr
from scripts.voice_training.sounds import Sound, files_in, with_noise
from workers.sound._reading import read_whole
from workers.voice._codecs import codec_of, decoder_of, encoder_of
from workers.voice._judging import CODECS, OWN_RATE, RATE, Pcm, judged, through_soundstream
from workers.voice._pcm import pcm_of

CLIPS = (
    "voice/lyra_sample1_16kHz.wav",
    "voice/espeak_en_22k.wav",
    "person/speaker_clip.mp4",
    "speech/librittsr_000.flac",
    "speech/librittsr_012.flac",
)
LONGEST = 12  # seconds of a clip
LOSSES = (0.05, 0.2)
HELD_OUT_BY = (("soundstream", 6.0), ("soundstream", 12.0), ("soundstream", 18.0), ("opus", 6.0))
LIVE_KBPS, LOSSY_KBPS = 6.0, 6.0
OWN_KBPS, NOISE_BELOW = 18.0, 5.0  # dB
ROUNDS = 5  # of what is timed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, nargs="+", metavar="FILE", help="instead of its own five")
    parser.add_argument("--seconds", type=float, default=20, help="of the running program (20)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    clips = options.clips or [Path(os.environ["STEREORING_DATA"]) / name for name in CLIPS]
    report: dict[str, Any] = {"quality": [], "losses": []}
    for clip in clips:
        pcm = read_whole(str(clip), RATE)[: LONGEST * RATE]
        report["quality"] += [_entry(clip, pcm, codec, kbps) for codec, kbps in CODECS]
        report["losses"] += [_entry(clip, pcm, "lyra", LOSSY_KBPS, lost) for lost in LOSSES]
    report["held_out"] = [] if options.clips else _of_held_out(Path(os.environ["STEREORING_DATA"]) / "speech")
    live = measured(clips[0], LIVE_KBPS, options.seconds)
    report["step_ms"] = {"p50": live.p50, "p99": live.p99}
    report["lyra_rtf"] = _share_of_real_time("lyra", read_whole(str(clips[0]), RATE), LIVE_KBPS)
    own = [read_whole(str(clip), OWN_RATE)[: LONGEST * OWN_RATE] for clip in clips]
    report["rtf"] = _share_of_real_time("soundstream", own[0], OWN_KBPS)
    report["denoise_db"] = float(np.mean([denoised_by(pcm) for pcm in own]))
    report["streaming_max_abs_diff"] = live.max_abs_diff
    print(json.dumps(report) if options.json else text_of(report))
    return 0


def _entry(clip: Path, pcm: Pcm, codec: str, kbps: float, lost: float = 0.0) -> dict[str, Any]:
    found = judged(pcm, codec, kbps, lost)
    entry = {"clip": clip.stem, "codec": codec, "kbps": kbps, "pesq": found.pesq, "stoi": found.stoi}
    return entry | ({"lost": lost} if lost else {})


def _of_held_out(folder: Path) -> list[dict[str, Any]]:
    """The means of each codec over all of it."""
    _, files = files_in(folder)
    sounds = [read_whole(str(file), RATE)[: LONGEST * RATE] for file in files]
    rows = []
    for codec, kbps in HELD_OUT_BY:
        found = [judged(pcm, codec, kbps) for pcm in sounds]
        row: dict[str, Any] = {"codec": codec, "kbps": kbps, "clips": len(found)}
        for key in ("pesq", "stoi"):
            values = [getattr(each, key) for each in found]
            row[key] = None if None in values else float(np.mean(values))
        rows.append(row)
    return rows


def _share_of_real_time(name: str, pcm: Pcm, kbps: float) -> float:
    """Of a codec that runs, both ways, on one thread; the median of several times. To open its networks takes
    as long as some tenths of a second of sound, once."""
    voice = SimpleNamespace(codec=name, weights="")
    codec, encode, decode = codec_of(voice), encoder_of(voice), decoder_of(voice)
    books, frames = codec.books_for(kbps), len(pcm) // codec.frame
    spent = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for frame in np.split(pcm[: frames * codec.frame], frames):
            decode(encode(frame, books))
        spent.append(time.perf_counter() - begin)
    return float(np.median(spent)) / (frames * codec.frame / codec.rate)


def denoised_by(pcm: Pcm) -> float:
    """SI-SDR in dB, with denoising less that without it: of speech with noise of no colour or of a room."""
    said = np.asarray(pcm / 32768, np.float32)
    noisy = pcm_of(with_noise(said, 1, NOISE_BELOW))
    on, off = (through_soundstream(noisy, OWN_KBPS, denoise=switch) for switch in (True, False))
    return _si_sdr(on, said) - _si_sdr(off, said)


def _si_sdr(heard: Pcm, said: Sound) -> float:
    cut = (np.asarray(each[: len(heard)], np.float32) for each in (heard, said))
    return float(si_sdr(*(torch.from_numpy(each)[None, None] for each in cut)))


def text_of(report: dict[str, Any]) -> str:
    lines = [f"{'PESQ / STOI':<28}" + "".join(f"{codec} {kbps:g}".rjust(13) for codec, kbps in CODECS)]
    for clip in dict.fromkeys(entry["clip"] for entry in report["quality"]):
        row = [_cell(entry) for entry in report["quality"] if entry["clip"] == clip]
        lines.append(f"{clip:<28}" + "".join(cell.rjust(13) for cell in row))
    lines.append(f"\nlyra at {LOSSY_KBPS:g} kbit/s, packets lost")
    for lost in LOSSES:
        cells = [_cell(entry) for entry in report["losses"] if entry["lost"] == lost]
        lines.append(f"{lost:<28.0%}" + "".join(cell.rjust(13) for cell in cells))
    lines.append("")
    for row in report["held_out"]:
        name = f"{row['codec']} at {row['kbps']:g} kbit/s, mean of {row['clips']} held out"
        lines.append(f"{name:<50}{_cell(row):>13}")
    step = report["step_ms"]
    lines.append("\n20 ms of sound into a packet and back, in two processes:")
    lines.append(f"{step['p50']:.2f} ms, p99 {step['p99']:.2f}")
    lines.append(f"of real time, one thread: lyra {report['lyra_rtf']:.3f}, soundstream {report['rtf']:.3f}")
    lines.append(f"what soundstream's denoising gains: {report['denoise_db']:.1f} dB SI-SDR")
    lines.append(f"live differs from one go by at most {report['streaming_max_abs_diff']:g} of full scale")
    return "\n".join(lines)


def _cell(entry: dict[str, Any]) -> str:
    return " / ".join("-" if entry[key] is None else f"{entry[key]:.2f}" for key in ("pesq", "stoi"))


if __name__ == "__main__":
    sys.exit(main())
