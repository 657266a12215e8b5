"""SoundStream: the network, its books, streaming, what goes into .onnx, and that it learns."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from scripts.voice_training import losses
from scripts.voice_training.beginning import begin_as_transform
from scripts.voice_training.discriminators import Discriminators
from scripts.voice_training.export import export
from scripts.voice_training.gating import learn_gate
from scripts.voice_training.layers import Memory
from scripts.voice_training.network import FRAME, RATE, SoundStream, compressed, expanded
from scripts.voice_training.quantiser import Book, Quantiser
from scripts.voice_training.sounds import Sound, batch_of, load, noisy_of, with_noise
from scripts.voice_training.trainer import Plan, Trainer
from tests.pipeline.running import REPO
from tests.pipeline.test_voice_command import written
from workers.models import ModelError
from workers.voice._soundstream import Decoder, Encoder
from workers.voice._soundstream_books import BOOKS, ENTRIES

pytestmark = pytest.mark.timeout(120)
FRAMES = 12


@pytest.fixture(scope="module")
def net() -> SoundStream:
    """A small one with random weights, in half precision as they are exported."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    made = SoundStream(channels=4, dimension=16)
    for book in made.quantiser.books:
        book.entries.normal_(0, 0.1)
    return made.eval().half().float()


@pytest.fixture(scope="module")
def sounds() -> list[Sound]:
    """Buzzes, each with a pitch of its own."""
    at = np.arange(RATE // 2) / RATE
    return [
        np.asarray(sum(np.sin(2 * np.pi * hertz * k * at) / k for k in range(1, 8)) / 3, np.float32)
        for hertz in (110, 140, 180, 220)
    ]


def noise(frames: int = FRAMES, seed: int = 1) -> torch.Tensor:
    return 0.1 * torch.randn(1, 1, frames * FRAME, generator=torch.Generator().manual_seed(seed))


def flags(frames: int = FRAMES, value: float = 0.0) -> torch.Tensor:
    return torch.full((1, 1, frames), value)


# The network --------------------------------------------------------------------------------------------


def test_streaming_is_offline_frame_by_frame(net: SoundStream) -> None:
    sound, coding, decoding = noise(), None, None
    with torch.no_grad():
        features = net.encoder(sound, Memory())
        whole = net.decoder(features, flags(), Memory())
        for frame in range(FRAMES):
            one, two = Memory(coding), Memory(decoding)
            part = net.encoder(sound[:, :, frame * FRAME :][:, :, :FRAME], one)
            heard = net.decoder(part, flags(1), two)
            coding, decoding = one.after, two.after
            assert torch.allclose(part, features[:, :, frame : frame + 1], atol=1e-5)
            assert torch.allclose(heard, whole[:, :, frame * FRAME :][:, :, :FRAME], atol=1e-5)


@pytest.mark.parametrize("frame", [0, 5, 11])
def test_what_is_heard_depends_on_nothing_after_its_own_frame(net: SoundStream, frame: int) -> None:
    sound, other = noise(), noise()
    other[:, :, (frame + 1) * FRAME :] = noise(seed=2)[:, :, (frame + 1) * FRAME :]
    with torch.no_grad():
        one, two = (net(each, torch.tensor([BOOKS]), flags()).sound for each in (sound, other))
    assert torch.equal(one[:, :, : (frame + 1) * FRAME], two[:, :, : (frame + 1) * FRAME])
    if frame < FRAMES - 1:
        assert not torch.equal(one, two)


def test_denoising_is_switched_frame_by_frame(net: SoundStream) -> None:
    switched = flags()
    switched[:, :, 6:] = 1
    with torch.no_grad():
        off, on = (net(noise(), torch.tensor([BOOKS]), each).sound for each in (flags(), switched))
    assert torch.equal(off[:, :, : 6 * FRAME], on[:, :, : 6 * FRAME])
    assert not torch.allclose(off[:, :, 6 * FRAME :], on[:, :, 6 * FRAME :])


def test_onnx_says_the_same_frame_by_frame(net: SoundStream, tmp_path: Path) -> None:
    files = export(net, tmp_path)
    assert [path.name for path in files] == [
        "soundstream_encoder.onnx",
        "soundstream_decoder.onnx",
        "soundstream_books.bin",
    ]
    assert files[2].stat().st_size == BOOKS * ENTRIES * 16 * 2, "once, in half precision"
    assert all(path.stat().st_size < 1e6 for path in files[:2])
    encode, decode = Encoder(str(tmp_path)), Decoder(str(tmp_path))
    pcm, chosen, heard = (noise()[0, 0].numpy() * 32768).astype(np.int16), [], []
    for frame in range(FRAMES):
        decode.denoise = frame >= 6
        chosen.append(encode(pcm[frame * FRAME :][:FRAME], BOOKS))
        heard.append(decode(chosen[-1]))
    switched = flags()
    switched[:, :, 6:] = 1
    with torch.no_grad():
        features = net.encoder(torch.from_numpy(pcm / np.float32(32768))[None, None], Memory())
        said = _said(net.quantiser, np.array(chosen))
        whole = net.decoder(said, switched, Memory()).clamp(-1, 1)
    assert np.abs(np.concatenate(heard) - whole[0, 0].numpy()).max() < 1e-5
    trained = net.quantiser(features, torch.tensor([BOOKS])).features
    assert torch.allclose(said, trained, atol=1e-5), "the program chooses as the training does"


def _said(quantiser: Quantiser, chosen: npt.NDArray[np.int32]) -> torch.Tensor:
    """[T, books] → [1, D, T]"""
    parts = [book.entries[chosen[:, number]] for number, book in enumerate(quantiser.books)]  # type: ignore[index,operator]
    return torch.stack(parts).sum(0).T[None]


def test_weights_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"soundstream_decoder\.onnx cannot be read"):
        Decoder(str(tmp_path))
    (tmp_path / "soundstream_encoder.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"soundstream_encoder\.onnx cannot be read"):
        Encoder(str(tmp_path))


def test_it_begins_as_a_transform_that_keeps_what_is_low() -> None:
    torch.manual_seed(1)
    net = SoundStream().eval()
    begin_as_transform(net)
    at = torch.arange(FRAMES * FRAME) / RATE
    said = sum(0.05 * torch.sin(2 * torch.pi * hertz * at) for hertz in (120, 700, 1500))[None, None]
    with torch.no_grad():
        heard = net.decoder(net.encoder(said, Memory()), flags(), Memory())
    assert float(losses.si_sdr(heard, said)) > 20


def test_what_is_compressed_expands_to_what_it_was() -> None:
    features = torch.tensor([-1.5, -1e-3, 0.0, 1e-5, 0.2, 3.0], requires_grad=True)
    made = compressed(features)
    assert torch.allclose(expanded(made), features, atol=1e-6)
    assert float((made[4] / made[5]).detach()) > 2 * 0.2 / 3, "small ones are further apart"
    made.sum().backward()
    assert features.grad is not None
    assert features.grad.isfinite().all()


# The books ----------------------------------------------------------------------------------------------


def test_more_books_say_more() -> None:
    torch.manual_seed(1)
    quantiser, clips = Quantiser(6, 32, 8).train(), torch.randn(16, 8, 40)
    quantiser.begin(clips.transpose(1, 2).flatten(0, 1))
    for _ in range(20):
        quantiser(clips, torch.full((16,), 6))
    quantiser.eval()
    assert not quantiser(clips, torch.zeros(16, dtype=torch.long)).features.any()
    off = [
        float((quantiser(clips, torch.full((16,), books)).features - clips).square().mean())
        for books in range(1, 7)
    ]
    assert off == sorted(off, reverse=True)
    assert off[-1] < 0.5 * off[0]


def test_an_entry_that_nothing_chooses_finds_another_place() -> None:
    torch.manual_seed(1)
    book, vectors = Book(16, 4), torch.randn(400, 4)
    book.begin(vectors)
    book.entries[3], book.sums[3], book.counts[3] = 100.0, 0.0, 0.0
    book.learn(vectors)
    assert book.entries[3].abs().max() < 10
    for _ in range(20):
        book.learn(vectors)
    assert len(book.nearest(vectors).unique()) == 16


# Learning -----------------------------------------------------------------------------------------------


def test_losses_are_nothing_for_the_same_sound_and_more_for_another() -> None:
    said = noise(40)
    assert float(losses.reconstruction(said, said)) < 1
    assert float(losses.phases(said, said)) == 0
    near, far = said + 0.1 * noise(40, 2), noise(40, 2)
    for loss in (losses.reconstruction, losses.phases):
        assert loss(near, said) < loss(far, said)
    assert losses.phases(-said, said) > losses.phases(near, said), "which magnitudes alone do not tell"
    torch.manual_seed(1)
    judges = Discriminators(4)
    assert losses.of_features(judges(said), judges(said)).item() == 0
    assert len(judges(said)) == 4
    assert float(losses.si_sdr(2 * said, said)) > 60
    assert float(losses.si_sdr(said + with_noise_of(said, 10), said)) == pytest.approx(10, abs=0.5)


def with_noise_of(said: torch.Tensor, decibels: float) -> torch.Tensor:
    sound = said[0, 0].numpy()
    return torch.from_numpy(with_noise(sound, 3, decibels) - sound)[None, None]


def test_the_same_seed_makes_the_same_batch_and_denoising_wants_it_clean(sounds: list[Sound]) -> None:
    one, two, three = (batch_of(sounds, [seed, 7], 8, 6) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one.heard, three.heard)
    plain = one.denoise[:, 0, 0] == 0
    assert torch.equal(one.heard[plain], one.wanted[plain])
    assert not torch.equal(one.heard[~plain], one.wanted[~plain])


@pytest.mark.long
def test_some_steps_make_the_loss_fall_and_a_run_goes_on_where_it_stopped(
    sounds: list[Sound], tmp_path: Path
) -> None:
    plan = Plan(
        60, batch=2, frames=18, channels=4, dimension=8, adversary_from=0.5, settled_with=40, gated_with=16
    )
    trainer = Trainer(plan, sounds, sounds[:1], tmp_path)
    batch = batch_of(sounds, [1, 1], 2, 18)
    found = [trainer.learn(batch)["phases"] for _ in range(10)]
    assert np.mean(found[-3:]) < 0.98 * np.mean(found[:3])
    trainer.spent = 1200.0
    trainer.save()
    went_on = trainer.learn(batch)
    again = Trainer(plan, sounds, sounds[:1], tmp_path)
    assert (again.step, again.spent) == (10, 1200)
    assert again.learn(batch) == pytest.approx(went_on, rel=1e-3)
    again.spent = 2400.0
    assert set(again.learn(batch)) == {
        "phases", "denoised", "commitment", "spectrum", "adversarial", "features",
    }  # fmt: skip
    assert set(again.validate()) == {"3 kbit/s", "6 kbit/s", "12 kbit/s", "18 kbit/s", "denoise dB"}
    again.spent = 3000.0
    gate = [each.clone() for each in again.net.decoder.gate.parameters()]
    again.learn(batch)
    before = [each.clone() for each in _settled(again)]
    assert not any(torch.equal(*pair) for pair in zip(gate, before, strict=False)), "the gate has learned"
    again.learn(batch)
    assert all(torch.equal(*pair) for pair in zip(before, _settled(again), strict=True)), "it has settled"
    with pytest.raises(ValueError, match="take another folder"):
        Trainer(Plan(60, channels=8, dimension=8), sounds, sounds[:1], tmp_path)


def _settled(trainer: Trainer) -> list[torch.Tensor]:
    net = trainer.net
    return [*net.decoder.gate.parameters(), *net.encoder.parameters(), *net.quantiser.buffers()]


@pytest.mark.long
def test_a_gate_learns_to_let_speech_through_and_not_noise(sounds: list[Sound]) -> None:
    torch.manual_seed(1)
    net = SoundStream(channels=4, dimension=16)
    begin_as_transform(net)
    learn_gate(net.decoder.gate, net.encoder, sounds, clips=64, seed=1)
    noisy, clean = noisy_of(sounds, [2], 16, 100)
    with torch.no_grad():
        heard, said = (expanded(net.encoder(each, Memory())) for each in (noisy, clean))
        left = heard * net.decoder.gate(heard, Memory())
        before, after = (
            losses.si_sdr(each.flatten(1)[:, None], said.flatten(1)[:, None]) for each in (heard, left)
        )
    assert float((after - before).mean()) > 2


@pytest.mark.long
def test_the_books_stay_when_a_run_ends_before_anything_was_listened_to(
    sounds: list[Sound], tmp_path: Path
) -> None:
    plan = Plan(60, batch=2, frames=18, channels=4, dimension=8, adversary_from=1)
    trainer = Trainer(plan, sounds, sounds[:1], tmp_path)
    trainer.learn(batch_of(sounds, [1, 1], 2, 18))
    before = [each.clone() for each in trainer.net.quantiser.buffers()]
    trainer.spent = 3600.0
    net = trainer.run()
    assert all(torch.equal(one, other) for one, other in zip(before, net.quantiser.buffers(), strict=True))


def test_a_clip_that_cannot_be_read_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        written(tmp_path / f"{number}.wav", np.ones(2400, np.int16), 24000)
    (tmp_path / "2.wav").write_bytes(b"no sound at all")
    (tmp_path / "3.wav").unlink()
    written(tmp_path / "3.wav", np.zeros(0, np.int16), 24000)
    (tmp_path / "folder.wav").mkdir()
    trained, held_out = load(tmp_path)
    assert (len(trained), len(held_out)) == (1, 1)
    told = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[:2] for line in told] == [
        ["left out", str(tmp_path / name)] for name in ("2.wav", "3.wav")
    ]
    (tmp_path / "1.wav").unlink()
    with pytest.raises(ValueError, match="0 files with sound to train on and 1 held out"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--speech", "nowhere"], "nowhere is no folder"),
        (["--out", "file"], "file: cannot be written to: File exists"),
        (["--device", "nonsense"], "argument --device: nonsense: "),
        (["--minutes", "0"], "argument --minutes: must be more than 0"),
    ],
)
def test_what_it_cannot_train_with_is_said_before(options: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    usual = {"--speech": ".", "--run": "run", "--out": "out"} | dict([options])
    arguments = [word for pair in usual.items() for word in pair]
    script = [sys.executable, str(REPO / "scripts" / "train_voice.py")]
    done = subprocess.run([*script, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=110)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_of_sound_is_read_at_24_khz_and_an_empty_one_is_said(
    sounds: list[Sound], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="no sound in it"):
        load(tmp_path)
    for number in range(14):
        written(tmp_path / f"{number:02}.wav", np.zeros(4410, np.int16), 44100)
    trained, held_out = load(tmp_path)
    assert (len(trained), len(held_out)) == (12, 2)
    assert len(trained[0]) == pytest.approx(2400, abs=2)
