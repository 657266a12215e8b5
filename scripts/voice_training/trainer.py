"""The training loop: first for the phases, then against the discriminators too; at last the decoder alone,
for books that no longer change and with a gate that has learned."""

import csv
import time
import wave
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scripts.voice_training import losses
from scripts.voice_training.beginning import QUIET, begin_as_transform
from scripts.voice_training.discriminators import Discriminators
from scripts.voice_training.gating import learn_gate
from scripts.voice_training.layers import CausalUp, Memory
from scripts.voice_training.network import FRAME, RATE, SoundStream
from scripts.voice_training.sounds import Batch, Sound, batch_of, pieces_of, with_noise
from workers.voice._soundstream_books import BOOKS

RATE_OF_LEARNING, BETAS = 3e-3, (0.8, 0.99)  # over the root of how many numbers a layer adds up
RATE_OF_JUDGES, BETAS_OF_JUDGES = 3e-4, (0.5, 0.9)
AVERAGED = 0.999  # of the network that is kept, at each step: steps are small batches' opinions
WARM = 200  # steps until it learns at the full rate, which falls to nothing with the square of the time left
SAVE_EVERY, TELL_EVERY = 300.0, 30.0  # seconds
VALIDATED_BOOKS = (4, 8, 16, 24)  # 3, 6, 12 and 18 kbit/s
NOISE_BELOW, TOLD, LISTENED = 5.0, 4, 8  # dB; seconds of a held-out clip; of so many clips
BEGUN_WITH, TOGETHER = 512, 64  # clips that the first books are made of; that are encoded at once


@dataclass(frozen=True)
class Plan:
    """What a run is. `adversary_from`, `settled_from`: the shares of the time after which the discriminators
    take part, and after which the encoder and the books stay as they are."""

    minutes: float
    seed: int = 1
    batch: int = 8
    frames: int = 54  # of a clip: 0.72 s
    channels: int = 16
    dimension: int = 80
    adversary_from: float = 0.6
    settled_from: float = 0.75
    settled_with: int = 8000  # clips that the last books are made of
    gated_with: int = 1024  # that the gate learns from; as a multiple of 16
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
        self.net.decoder.gate.requires_grad_(False)
        self.mean = deepcopy(self.net).requires_grad_(False)
        self.mean.quantiser = self.net.quantiser  # whose books are running means already
        self.judges = Discriminators(plan.channels).to(plan.device)
        self.optimizers = [
            torch.optim.Adam(_by_layer(self.net.from_sound_to_sound), RATE_OF_LEARNING, BETAS),
            torch.optim.Adam(self.judges.parameters(), RATE_OF_JUDGES, BETAS_OF_JUDGES),
        ]
        self.step, self.spent, self.settled = 0, 0.0, False
        if (folder / "checkpoint.pt").exists():
            self._resume()

    @property
    def progress(self) -> float:
        return self.spent / (60 * self.plan.minutes)

    def run(self) -> SoundStream:
        """Until the time is over or Ctrl-C; the mean network in eval mode."""
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
        self._as_loud_as_it_was()
        return self.mean.eval()

    def learn(self, batch: Batch) -> dict[str, float]:
        """One step; the parts of the loss."""
        self.net.train()
        if self.progress >= self.plan.settled_from and not self.settled:
            self._settle()
        self.net.quantiser.train(not self.settled)
        for group in self.optimizers[0].param_groups:
            group["lr"] = self._rate() * group["share"]
        if not self.net.quantiser.begun:
            self._make_books(BEGUN_WITH)
        said = batch.wanted
        made = self.net(batch.heard, self._books(len(said)), batch.denoise)
        parts = {
            "phases": losses.PHASES * losses.phases(made.sound, said),
            "commitment": losses.COMMITMENT * made.quantised.commitment,
        }
        if batch.denoise.any():
            parts["denoised"] = losses.DENOISED * losses.left_of_noise(made.sound, said, batch.denoise)
        if self.progress >= self.plan.adversary_from:
            parts |= self._against(made.sound, said)
        torch.stack(list(parts.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizers[0].step()
        self.optimizers[0].zero_grad(set_to_none=True)
        self._average()
        self.step += 1
        return {name: part.item() for name, part in parts.items()}

    def _rate(self) -> float:
        return RATE_OF_LEARNING * min(1.0, (self.step + 1) / WARM) * max(0.0, 1 - self.progress) ** 2

    def _books(self, clips: int) -> Tensor:
        """How many each clip of this step gets."""
        random = np.random.default_rng([self.plan.seed, self.step, 1])
        return torch.from_numpy(random.integers(1, BOOKS + 1, clips)).to(self.plan.device)

    @torch.no_grad()
    def _average(self) -> None:
        share = min(AVERAGED, (1 + self.step) / (10 + self.step))
        for mean, now in zip(self.mean.parameters(), self.net.parameters(), strict=True):
            mean.lerp_(now, 1 - share)

    @torch.no_grad()
    def _as_loud_as_it_was(self) -> None:
        """Who is not sure of a phase says less: the loss of compressed spectrograms makes speech quieter the
        fewer books there are."""
        batch = batch_of(self.sounds, [self.plan.seed, self.step, 3], LISTENED, self.plan.frames)
        said = batch.wanted.to(self.plan.device)
        heard = self._heard(batch.heard.to(self.plan.device), BOOKS // 2, batch.denoise.to(self.plan.device))
        last = self.mean.decoder.row[-1]
        assert isinstance(last, torch.nn.Conv1d)
        assert last.bias is not None
        gain = (said.square().mean() / heard.square().mean().clamp(min=1e-9)).sqrt()
        last.weight.mul_(gain)
        last.bias.mul_(gain)

    def _settle(self) -> None:
        """From here on only the decoder learns. Running means of small batches follow an encoder that
        changes, but are not as good as all speech at once."""
        self.net.encoder.load_state_dict(self.mean.encoder.state_dict())
        self._make_books(self.plan.settled_with)
        self._make_gate()
        self.settled = True
        self.net.encoder.requires_grad_(False)

    def _make_gate(self) -> None:
        learn_gate(self.net.decoder.gate, self.net.encoder, self.sounds, self.plan.gated_with, self.plan.seed)
        self.mean.decoder.gate.load_state_dict(self.net.decoder.gate.state_dict())

    @torch.no_grad()
    def _make_books(self, clips: int) -> None:
        """Of speech without noise: of books that know both speech was 0.1 worse by PESQ at 12 kbit/s. And of
        much: what the network has met is coded 3 dB better than other speech by books of 160000 frames."""
        plan = self.plan
        parts = []
        for number in range(-(-clips // TOGETHER)):
            seed = [plan.seed, self.step, 2, number]
            pieces = pieces_of(self.sounds, seed, min(clips, TOGETHER), plan.frames).to(plan.device)
            parts.append(self.net.encoder(pieces, Memory()).transpose(1, 2).flatten(0, 1))
        self.net.quantiser.begin(torch.cat(parts))

    def _against(self, heard: Tensor, said: Tensor) -> dict[str, Tensor]:
        """The discriminators learn, then say what they think. The spectrum goes with them: alone it asks for
        noise wherever speech is not said (PESQ at 12 kbit/s fell from 1.84 to 1.48 in 300 steps)."""
        losses.of_discriminators(self.judges(heard.detach()), self.judges(said)).backward()
        self.optimizers[1].step()
        self.optimizers[1].zero_grad(set_to_none=True)
        self.judges.requires_grad_(False)
        ours, theirs = self.judges(heard), self.judges(said)
        self.judges.requires_grad_(True)
        return {
            "spectrum": losses.RECONSTRUCTION * losses.reconstruction(heard, said),
            "adversarial": losses.ADVERSARIAL * losses.of_generator(ours),
            "features": losses.FEATURES * losses.of_features(ours, theirs),
        }

    def _batch(self) -> Batch:
        plan = self.plan
        made = batch_of(self.sounds, [plan.seed, self.step], plan.batch, plan.frames)
        return Batch(*(each.to(plan.device) for each in made))

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """On what is held out: the phases' loss by rate, and what denoising gains in dB."""
        clips = _as_long(self.held_out[:LISTENED])
        said, noisy = (
            torch.from_numpy(np.stack(each)[:, None]).to(self.plan.device)
            for each in (clips, [with_noise(clip, 1, NOISE_BELOW) for clip in clips])
        )
        flags = said.new_zeros(len(said), 1, said.shape[2] // FRAME)
        found = {}
        for books in VALIDATED_BOOKS:
            heard = self._heard(said, books, flags)
            found[f"{books * 0.75:g} kbit/s"] = losses.PHASES * losses.phases(heard, said).item()
        self._write("heard.wav", heard[0, 0])
        on, off = (self._heard(noisy, books, flags + flag) for flag in (1, 0))
        found["denoise dB"] = (losses.si_sdr(on, said) - losses.si_sdr(off, said)).mean().item()
        return found

    def _heard(self, sound: Tensor, books: int, denoise: Tensor) -> Tensor:
        used = torch.full((len(sound),), books, device=sound.device)
        heard: Tensor = self.mean.eval()(sound, used, denoise).sound
        return heard

    def save(self) -> None:
        """All that is needed to go on, in one step: a kill leaves the old or the new one."""
        part = self.folder / "checkpoint.part"
        state = {
            "plan": asdict(self.plan), "net": self.net.state_dict(), "mean": self.mean.state_dict(),
            "judges": self.judges.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step, "spent": self.spent, "settled": self.settled, "random": torch.get_rng_state(),
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
        self.mean.load_state_dict(state["mean"])
        self.judges.load_state_dict(state["judges"])
        for optimizer, its in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(its)
        torch.set_rng_state(state["random"])
        self.step, self.spent, self.settled = state["step"], state["spent"], state["settled"]
        self.net.encoder.requires_grad_(not self.settled)
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


def _by_layer(parts: torch.nn.Module) -> list[dict[str, Any]]:
    """Adam moves all weights as far; where many numbers are added up a step that is right for few destroys
    what was there (Yang et al., arXiv 2203.03466). What is added to a quiet signal is quiet too."""
    groups = []
    for layer in parts.modules():
        own = dict(layer.named_parameters(recurse=False))
        if (weight := own.pop("weight", None)) is not None:
            added = 2 * len(weight) if isinstance(layer, CausalUp) else weight[0].numel()
            groups.append({"params": [weight], "share": added**-0.5})
            groups.append({"params": [*own.values()], "share": QUIET * added**-0.5})
    return groups


def _as_long(sounds: Sequence[Sound]) -> list[Sound]:
    """Their beginnings; silence after those that are shorter."""
    length = min(TOLD * RATE, max(map(len, sounds))) // FRAME * FRAME
    clips = [np.zeros(length, np.float32) for _ in sounds]
    for clip, sound in zip(clips, sounds, strict=True):
        clip[: len(sound[:length])] = sound[:length]
    return clips
