"""The training loop: a learning rate that follows the clock, so that a run ends when it was told to; a
running mean of the weights, which is what is kept; a log, and pictures to look at."""

import csv
import json
import math
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from scripts.training.cache import Group, Pair
from scripts.training.losses import aligned, depth_loss, steady_loss
from scripts.training.muon import Muon
from scripts.training.pupil import Pupil, hint_loss
from scripts.training.samples import SHIFT, Batch, Samples
from scripts.training.teacher import Encoder
from workers.depth._small_net import SmallDepth

PEAK_RATE, LAST_RATE, WARM_UP = 2e-3, 2e-5, 0.01  # the last a share of the whole time
EARLY = 0.7  # share of the time on mostly small pictures
FINISH = 0.12  # from this share of the time on edges and steadiness count in full, before less and less
DECAY = 0.01
HINTED = 2  # one of so many pictures comes with hints, which take their time
PAIRS = 0.25  # share of a batch that is seen twice, moved
MEAN_OVER = 1000  # steps that the running mean of the weights looks back
SAVE_EVERY, LOG_EVERY = 120.0, 40.0  # seconds
COLUMNS = (
    "step",
    "minutes",
    "rate",
    "order",
    "plain",
    "edges",
    "steady",
    "hints",
    "loss",
    "validation",
    "pictures",
)


@dataclass(frozen=True)
class Plan:
    """What a run is: how long, from which seed, how many pictures in a batch, where."""

    minutes: float
    seed: int
    batch: int
    device: str
    workers: int
    threads: int = 1  # each with its share of the batch


class Trainer:
    """Trains on `groups` and on what `teacher` sees in them; looks at `validation` from time to time. Goes on
    from the folder's checkpoint."""

    def __init__(
        self,
        plan: Plan,
        groups: dict[str, Group],
        teacher: Encoder,
        validation: list[Pair],
        folder: Path,
    ) -> None:
        self.plan, self.groups, self.validation, self.folder = plan, groups, validation, folder
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(plan.seed)
        self.device = torch.device(plan.device)
        # A share of the batch for each thread, and not several threads for one convolution: they wait for
        # each other spinning, and beside other load that is nearly all they do.
        torch.set_num_threads(1)
        self.pool = ThreadPoolExecutor(plan.threads, initializer=torch.set_num_threads, initargs=(1,))
        self.pupil = Pupil().to(self.device, memory_format=torch.channels_last)
        self.teacher = teacher.to(self.device, memory_format=torch.channels_last)
        self.twins = [self._twin() for _ in range(plan.threads - 1)]
        self.mean = AveragedModel(self.pupil.net, avg_fn=running_mean, use_buffers=True)
        self.optimizers = self._optimizers()
        self.step, self.pictures, self.spent = 0, 0, 0.0
        self.sums: dict[str, float] = {}
        if (folder / "checkpoint.pt").exists():
            self._resume()

    def run(self) -> SmallDepth:
        """Until the time is over, Ctrl-C or SIGTERM; the running mean of the weights, in eval mode."""
        begin = saved = logged = time.monotonic()
        before = self.spent
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            while self.progress() < 1:
                early = self.progress() < EARLY
                for batch in self._batches(early):
                    self.learn(batch)
                    now = time.monotonic()
                    self.spent = before + now - begin
                    if now - logged > LOG_EVERY:
                        self._tell()
                        logged = now
                    if now - saved > SAVE_EVERY:
                        self.save()
                        saved = now
                    if self.progress() >= 1 or early != (self.progress() < EARLY):
                        break
        self.save()
        return self.best()

    def progress(self) -> float:
        """0…1 of the time."""
        return self.spent / (60 * self.plan.minutes)

    def rate(self) -> float:
        """Up in a straight line, then down along a cosine."""
        done = min(1.0, self.progress())
        warm = min(1.0, (done + 1e-3) / WARM_UP, (self.step + 1) / 100)
        return warm * (LAST_RATE + (PEAK_RATE - LAST_RATE) * (1 + math.cos(math.pi * done)) / 2)

    def best(self) -> SmallDepth:
        net: SmallDepth = self.mean.module
        return net.eval()

    def learn(self, batch: Batch) -> float:
        """One step; the loss."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.rate()
        places = np.random.default_rng([self.plan.seed, self.step, 1]).integers(0, SHIFT + 1, (2, 2))
        pupils = [self.pupil, *self.twins]
        shares = [Batch(*(each[i :: len(pupils)] for each in astuple(batch))) for i in range(len(pupils))]
        losses = list(self.pool.map(self._gradients, pupils, shares, [places] * len(pupils)))
        for weight, *others in zip(*(pupil.parameters() for pupil in pupils), strict=True):
            for other in others:
                weight.grad += other.grad
            weight.grad /= len(pupils)
        torch.nn.utils.clip_grad_norm_(self.pupil.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.mean.update_parameters(self.pupil.net)
        self.step += 1
        self.pictures += len(batch.pictures)
        for parts in losses:
            for name, part in parts.items():
                self.sums[name] = self.sums.get(name, 0.0) + part / len(losses)
        self.sums["steps"] = self.sums.get("steps", 0.0) + 1
        return sum(parts["loss"] for parts in losses) / len(losses)

    def _optimizers(self) -> tuple[torch.optim.Optimizer, ...]:
        """Muon for the kernels inside, AdamW for all else."""
        net = self.pupil.net
        outside = {id(net.down[0][0][0].weight), id(net.out.weight)}
        inside = [w for w in net.parameters() if w.dim() == 4 and id(w) not in outside]
        chosen = {id(w) for w in inside}
        rest = [w for w in self.pupil.parameters() if id(w) not in chosen]
        return Muon(inside, PEAK_RATE, DECAY, self.pool), torch.optim.AdamW(
            rest, lr=PEAK_RATE, weight_decay=DECAY, fused=True
        )

    def _twin(self) -> Pupil:
        """One with the same weights, and gradients of its own."""
        twin = deepcopy(self.pupil)
        for ours, theirs in zip(self.pupil.parameters(), twin.parameters(), strict=True):
            theirs.data = ours.data
        return twin

    def _gradients(self, pupil: Pupil, batch: Batch, places: Any) -> dict[str, float]:
        """Leaves them at the pupil's weights; the parts of the loss."""
        pupil.train()
        pupil.zero_grad(set_to_none=True)
        pictures, depths, exact = (each.to(self.device) for each in astuple(batch))
        finish = 0.1 + 0.9 * min(1.0, self.progress() / FINISH)
        twice = max(1, int(len(pictures) * PAIRS * finish))
        seen = torch.cat([view(pictures, places[0]), view(pictures[:twice], places[1])])
        truth = torch.cat([view(depths, places[0]), view(depths[:twice], places[1])])
        found, guessed = pupil(seen)
        parts = depth_loss(found, truth, torch.cat([exact, exact[:twice]]), finish)
        one, other = overlap(found[:twice], found[len(pictures) :], places)
        parts["steady"] = steady_loss(one, other, finish)
        parts["hints"] = hint_loss(self.teacher, seen[::HINTED], [guess[::HINTED] for guess in guessed])
        loss = torch.stack(list(parts.values())).sum()
        loss.backward()
        return {name: part.item() for name, part in {**parts, "loss": loss}.items()}

    def _batches(self, early: bool) -> DataLoader[Batch]:
        samples = Samples(self.groups, self.plan.seed, self.step, self.plan.batch, early)
        # Spawned and not forked: a copy of a process that has threads may hang.
        return DataLoader(
            samples,
            batch_size=None,
            num_workers=self.plan.workers,
            prefetch_factor=8,
            multiprocessing_context="spawn",
        )

    def save(self) -> None:
        """All that is needed to go on, in one step: a kill leaves the old or the new one."""
        part = self.folder / "checkpoint.part"
        state = {
            "plan": asdict(self.plan), "pupil": self.pupil.state_dict(), "mean": self.mean.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step, "pictures": self.pictures, "spent": self.spent,
        }  # fmt: skip
        torch.save(state, part)
        part.replace(self.folder / "checkpoint.pt")
        self._show()

    def _resume(self) -> None:
        state = torch.load(self.folder / "checkpoint.pt", weights_only=True, map_location=self.device)
        if state["plan"]["seed"] != self.plan.seed:
            raise SystemExit(
                f"{self.folder}: has a run that began with --seed {state['plan']['seed']}; go on with "
                "that, or give another --run"
            )
        self.pupil.load_state_dict(state["pupil"])
        self.mean.load_state_dict(state["mean"])
        for optimizer, its in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(its)
        self.step, self.pictures, self.spent = state["step"], state["pictures"], state["spent"]
        print(f"goes on at step {self.step}, {self.spent / 60:.1f} minutes in")

    def _tell(self) -> None:
        """A line on the screen and one in the log, of the mean since the last."""
        steps = self.sums.pop("steps", 1.0)
        row: dict[str, Any] = {name: f"{total / steps:.4f}" for name, total in self.sums.items()}
        self.sums.clear()
        row |= {
            "step": self.step, "minutes": f"{self.spent / 60:.2f}", "rate": f"{self.rate():.6f}",
            "validation": f"{self.validate():.4f}", "pictures": self.pictures,
        }  # fmt: skip
        log = self.folder / "log.csv"
        fresh = not log.exists()
        with log.open("a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        done = round(30 * min(1, self.progress()))
        text = " ".join(
            f"{name} {row[name]}" for name in ("order", "plain", "edges", "steady", "hints", "validation")
        )
        print(
            f"[{'#' * done}{'.' * (30 - done)}] {row['minutes']} of {self.plan.minutes:g} min, {text}",
            flush=True,
        )

    @torch.inference_mode()
    def validate(self) -> float:
        """Mean aligned difference on pictures that are not trained on."""
        net = self.best()
        total = 0.0
        for picture, depth in self.validation:
            found = net(_batch_of(picture).to(self.device)).cpu()
            total += (aligned(found) - aligned(torch.from_numpy(depth)[None, None])).abs().mean().item()
        return total / len(self.validation)

    @torch.inference_mode()
    def _show(self) -> None:
        """validation.png: each picture, its depth, and what the network finds."""
        net, rows = self.best(), []
        for picture, depth in self.validation:
            found = net(_batch_of(picture).to(self.device))[0, 0].cpu().numpy()
            greys = [
                cv2.cvtColor(np.uint8(255 * np.clip(m, 0, 1)), cv2.COLOR_GRAY2BGR) for m in (depth, found)
            ]
            rows.append(np.hstack([cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), *greys]))
        half = math.ceil(len(rows) / 2)
        columns = [np.vstack(rows[:half]), np.vstack(rows[half:] + rows[:1] * (2 * half - len(rows)))]
        cv2.imwrite(str(self.folder / "validation.png"), np.hstack(columns))

    def summary(self) -> dict[str, Any]:
        """For the log of the run."""
        return {
            **asdict(self.plan),
            "steps": self.step,
            "pictures": self.pictures,
            "minutes_spent": self.spent / 60,
        }


def running_mean(mean: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
    """The plain mean at first, which soon forgets the beginning, then over the last MEAN_OVER steps."""
    return mean + (new - mean) * max(1 / MEAN_OVER, 10 / (int(count) + 10))


def view(pictures: Tensor, place: Any) -> Tensor:
    """What a window of the final size sees at this place (y, x)."""
    rows, columns = pictures.shape[2] - SHIFT, pictures.shape[3] - SHIFT
    y, x = (int(v) for v in place)
    return pictures[:, :, y : y + rows, x : x + columns]


def overlap(one: Tensor, other: Tensor, places: Any) -> tuple[Tensor, Tensor]:
    """The parts of two views that show the same."""
    (y0, x0), (y1, x1) = ((int(v) for v in place) for place in places)
    dy, dx = y1 - y0, x1 - x0
    rows, columns = one.shape[2] - abs(dy), one.shape[3] - abs(dx)
    top, left = max(0, dy), max(0, dx)
    one = one[:, :, top : top + rows, left : left + columns]
    top, left = max(0, -dy), max(0, -dx)
    return one, other[:, :, top : top + rows, left : left + columns]


def _batch_of(picture: Any) -> Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32))


def write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=1) + "\n")
