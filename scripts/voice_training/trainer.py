"""The training loop: first without the quantiser, then with it, then against the discriminators too."""

import csv
import time
import wave
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scripts.voice_training import losses
from scripts.voice_training.beginning import begin_as_transform
from scripts.voice_training.discriminators import Discriminators
from scripts.voice_training.layers import Memory
from scripts.voice_training.network import BOOKS, FRAME, RATE, SoundStream
from scripts.voice_training.sounds import Batch, Sound, batch_of, with_noise

RATE_OF_LEARNING, BETAS = 1e-3, (0.8, 0.99)
RATE_OF_JUDGES, BETAS_OF_JUDGES = 3e-4, (0.5, 0.9)
WARM = 200  # steps until it learns at the full rate, which falls to nothing with the square of the time left
SAVE_EVERY, TELL_EVERY = 300.0, 30.0  # seconds
VALIDATED_BOOKS = (4, 8, 16, 24)  # 3, 6, 12 and 18 kbit/s
NOISE_BELOW, TOLD, LISTENED = 5.0, 4, 8  # dB; seconds of a held-out clip; of so many clips
BEGUN_WITH = 512  # clips of a batch's length that the books begin with


@dataclass(frozen=True)
class Plan:
    """What a run is. `quantised_from`, `adversary_from`: the shares of the time after which the quantiser and
    the discriminators take part."""

    minutes: float
    seed: int = 1
    batch: int = 8
    frames: int = 54  # of a clip: 0.72 s
    channels: int = 16
    dimension: int = 64
    quantised_from: float = 0.3
    adversary_from: float = 0.7
    device: str = "cpu"
    threads: int = 1


class Trainer:
    """Goes on from the folder's checkpoint."""

    def __init__(self, plan: Plan, sounds: Sequence[Sound], held_out: Sequence[Sound], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(plan.seed)
        torch.set_num_threads(plan.threads)
        self.plan, self.sounds, self.held_out, self.folder = plan, sounds, held_out, folder
        self.net = SoundStream(plan.channels, plan.dimension).to(plan.device)
        begin_as_transform(self.net)
        self.judges = Discriminators(plan.channels).to(plan.device)
        self.optimizers = [
            torch.optim.Adam(self.net.parameters(), RATE_OF_LEARNING, BETAS),
            torch.optim.Adam(self.judges.parameters(), RATE_OF_JUDGES, BETAS_OF_JUDGES),
        ]
        self.step, self.spent = 0, 0.0
        if (folder / "checkpoint.pt").exists():
            self._resume()

    @property
    def progress(self) -> float:
        return self.spent / (60 * self.plan.minutes)

    def run(self) -> SoundStream:
        """Until the time is over or Ctrl-C; the network in eval mode."""
        begin, before = time.monotonic(), self.spent
        saved = told = begin
        with suppress(KeyboardInterrupt):
            while self.progress < 1:
                parts = self.learn(self._batch())
                now = time.monotonic()
                self.spent = before + now - begin
                if now - told > TELL_EVERY:
                    self._tell(parts)
                    told = now
                if now - saved > SAVE_EVERY:
                    self.save()
                    self._tell(self.validate())
                    saved = time.monotonic()
        self.save()
        return self.net.eval()

    def learn(self, batch: Batch) -> dict[str, float]:
        """One step; the parts of the loss."""
        self.net.train()
        for group in self.optimizers[0].param_groups:
            group["lr"] = self._rate()
        said, books = batch.wanted, self._books(len(batch.wanted))
        made = self.net(batch.heard, books, batch.denoise)
        parts = {
            "spectrum": losses.RECONSTRUCTION * losses.reconstruction(made.sound, said),
            "phases": losses.PHASES * losses.phases(made.sound, said),
        }
        if made.quantised is not None:
            parts["commitment"] = losses.COMMITMENT * made.quantised.commitment
        if self.progress >= self.plan.adversary_from:
            parts |= self._against(made.sound, said)
        torch.stack(list(parts.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizers[0].step()
        self.optimizers[0].zero_grad(set_to_none=True)
        self.step += 1
        return {name: part.item() for name, part in parts.items()}

    def _rate(self) -> float:
        return RATE_OF_LEARNING * min(1.0, (self.step + 1) / WARM) * max(0.0, 1 - self.progress) ** 2

    def _books(self, clips: int) -> Tensor | None:
        """How many each clip of this step gets; None: the quantiser does not take part yet."""
        if self.progress < self.plan.quantised_from:
            return None
        if not self.net.quantiser.begun:
            self._begin_books()
        random = np.random.default_rng([self.plan.seed, self.step, 1])
        return torch.from_numpy(random.integers(1, BOOKS + 1, clips)).to(self.plan.device)

    @torch.no_grad()
    def _begin_books(self) -> None:
        plan = self.plan
        many = batch_of(self.sounds, [plan.seed, self.step, 2], BEGUN_WITH, plan.frames).heard
        parts = [self.net.encoder(each.to(plan.device), Memory()) for each in many.split(plan.batch)]
        self.net.quantiser.begin(torch.cat(parts).transpose(1, 2).flatten(0, 1))

    def _against(self, heard: Tensor, said: Tensor) -> dict[str, Tensor]:
        """The discriminators learn, then say what they think."""
        losses.of_discriminators(self.judges(heard.detach()), self.judges(said)).backward()
        self.optimizers[1].step()
        self.optimizers[1].zero_grad(set_to_none=True)
        self.judges.requires_grad_(False)
        ours, theirs = self.judges(heard), self.judges(said)
        self.judges.requires_grad_(True)
        return {
            "adversarial": losses.ADVERSARIAL * losses.of_generator(ours),
            "features": losses.FEATURES * losses.of_features(ours, theirs),
        }

    def _batch(self) -> Batch:
        plan = self.plan
        made = batch_of(self.sounds, [plan.seed, self.step], plan.batch, plan.frames)
        return Batch(*(each.to(plan.device) for each in made))

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """On what is held out: the spectrum's loss by rate (0: without the quantiser), and what denoising
        gains in dB."""
        self.net.eval()
        clips = _as_long(self.held_out[:LISTENED])
        said, noisy = (
            torch.from_numpy(np.stack(each)[:, None]).to(self.plan.device)
            for each in (clips, [with_noise(clip, 1, NOISE_BELOW) for clip in clips])
        )
        flags = said.new_zeros(len(said), 1, said.shape[2] // FRAME)
        found = {}
        for books in VALIDATED_BOOKS if self.net.quantiser.begun else (0,):
            heard = self._heard(said, books, flags)
            found[f"{books * 0.75:g} kbit/s"] = losses.reconstruction(heard, said).item()
            self._write("heard.wav", heard[0, 0])
        on, off = (self._heard(noisy, books, flags + flag) for flag in (1, 0))
        found["denoise dB"] = (losses.si_sdr(on, said) - losses.si_sdr(off, said)).mean().item()
        return found

    def _heard(self, sound: Tensor, books: int, denoise: Tensor) -> Tensor:
        used = torch.full((len(sound),), books, device=sound.device) if books else None
        heard: Tensor = self.net(sound, used, denoise).sound
        return heard

    def save(self) -> None:
        """All that is needed to go on, in one step: a kill leaves the old or the new one."""
        part = self.folder / "checkpoint.part"
        state = {
            "plan": asdict(self.plan), "net": self.net.state_dict(), "judges": self.judges.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step, "spent": self.spent, "random": torch.get_rng_state(),
        }  # fmt: skip
        torch.save(state, part)
        part.replace(self.folder / "checkpoint.pt")

    def _resume(self) -> None:
        """Raises ValueError for a network of another size."""
        state = torch.load(self.folder / "checkpoint.pt", weights_only=True, map_location="cpu")
        for key in ("channels", "dimension"):
            if state["plan"][key] != getattr(self.plan, key):
                raise ValueError(
                    f"{self.folder}: was begun with {key} {state['plan'][key]}; take another folder"
                )
        self.net.load_state_dict(state["net"])
        self.judges.load_state_dict(state["judges"])
        for optimizer, its in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(its)
        torch.set_rng_state(state["random"])
        self.step, self.spent = state["step"], state["spent"]
        print(f"goes on at step {self.step}, {self.spent / 60:.1f} minutes in", flush=True)

    def _tell(self, found: dict[str, float]) -> None:
        minutes = round(self.spent / 60, 2)
        text = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
        print(f"{100 * self.progress:.0f} %: step {self.step}, {minutes} minutes, {text}", flush=True)
        log = self.folder / "log.csv"
        fresh = not log.exists()
        with log.open("a", newline="") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(["step", "minutes", "what", "value"])
            writer.writerows([self.step, minutes, name, value] for name, value in found.items())

    def _write(self, name: str, sound: Tensor) -> None:
        with wave.open(str(self.folder / name), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes((sound.clamp(-1, 1) * 32767).to(torch.int16).cpu().numpy().tobytes())


def _as_long(sounds: Sequence[Sound]) -> list[Sound]:
    """Their beginnings; silence after those that are shorter."""
    length = min(TOLD * RATE, max(map(len, sounds))) // FRAME * FRAME
    clips = [np.zeros(length, np.float32) for _ in sounds]
    for clip, sound in zip(clips, sounds, strict=True):
        clip[: len(sound[:length])] = sound[:length]
    return clips
