"""SoundStream's built-in weights, on speech that they were not trained on."""

import hashlib
import json

import numpy as np
import pytest

from scripts.bench_voice import NOISE_BELOW, denoised_by
from scripts.voice_training.sounds import files_in
from tests.workers.voices import clip, loudness, needs_voice, speech
from workers.sound._reading import read_whole
from workers.voice._judging import OWN_RATE, RATE, Pcm, decibels_off, judged, through_soundstream
from workers.voice._manifest import BUILT_IN_FOLDER
from workers.voice._packets import nbytes, pack, unpack
from workers.voice._soundstream import Decoder, Encoder
from workers.voice._soundstream_books import BITS, BOOKS

pytestmark = pytest.mark.timeout(120)
FILES = ("soundstream_encoder.onnx", "soundstream_decoder.onnx", "soundstream_books.bin")
MOST_BYTES = 10_000_000
HELD_OUT = [
    f"speech/{name}.flac" for name in ("librittsr_000", "librittsr_012", "miipher_120", "wavefit_204")
]


def test_the_files_are_what_the_training_wrote_and_small() -> None:
    written = json.loads((BUILT_IN_FOLDER / "training.json").read_text())["sha256"]
    contents = {name: (BUILT_IN_FOLDER / name).read_bytes() for name in FILES}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()} == written
    assert sum(map(len, contents.values())) <= MOST_BYTES


def test_silence_stays_silence() -> None:
    heard = through_soundstream(np.zeros(OWN_RATE, np.int16), 6.0)
    assert loudness(heard[OWN_RATE // 2 :] / np.float32(32768)) < 0.003


def test_the_same_again_says_the_same_and_streams_do_not_know_of_each_other() -> None:
    one, other = Encoder(), Encoder()
    pcm = (3000 * np.sin(np.arange(320) / 9)).astype(np.int16)
    for _ in range(3):
        one(pcm[::-1].copy(), BOOKS)
    fresh = Encoder()
    assert np.array_equal(fresh(pcm, BOOKS), other(pcm, BOOKS))
    assert len(Decoder()(other(pcm, 4))) == 320


def test_a_packet_is_exactly_ten_bits_for_each_book() -> None:
    indices = Encoder()((3000 * np.sin(np.arange(320) / 9)).astype(np.int16), BOOKS)
    for books in (1, 8, BOOKS):
        data = pack(indices[:books], BITS, begins=False)
        assert len(data) == nbytes(books, BITS) == 1 + -(-books * 10 // 8)
        assert np.array_equal(unpack(data, BITS, BOOKS).indices, indices[:books])
    assert 75 * BITS * BOOKS == OWN_RATE / 320 * BITS * BOOKS == 18000, "bits a second"


@needs_voice()
@pytest.mark.parametrize("name", HELD_OUT[:2])
def test_more_bits_are_nearer_to_what_was_said(name: str) -> None:
    pcm = speech(name, 4.0, OWN_RATE)
    off = [decibels_off(*_as_long(pcm, through_soundstream(pcm, kbps))) for kbps in (1.5, 3.0, 6.0, 12.0)]
    assert off == sorted(off, reverse=True), off


@needs_voice()
def test_pesq_rises_with_the_rate() -> None:
    pytest.importorskip("pesq")
    found = [
        [judged(speech(name, 5.0), "soundstream", kbps).pesq for kbps in (3.0, 6.0, 12.0, 18.0)]
        for name in HELD_OUT
    ]
    means = np.mean(found, axis=0)
    assert list(means) == sorted(means), means


@needs_voice()
def test_contract_at_12_kbit_s_it_is_at_least_opus_at_6_on_average_of_what_was_held_out() -> None:
    pytest.importorskip("pesq")
    _, held_out = files_in(clip("speech"))
    pcm = [read_whole(str(file), RATE) for file in held_out]
    ours, opus = (
        np.mean([judged(each, codec, kbps).pesq or 0 for each in pcm])
        for codec, kbps in (("soundstream", 12.0), ("opus", 6.0))
    )
    assert ours >= opus


@needs_voice()
def test_contract_denoising_gains_3_db_where_noise_is_5_db_below_speech() -> None:
    assert NOISE_BELOW == 5
    gained = [denoised_by(speech(name, 5.0, OWN_RATE)) for name in HELD_OUT]
    assert np.mean(gained) >= 3, gained


def _as_long(one: Pcm, other: Pcm) -> tuple[Pcm, Pcm]:
    length = min(len(one), len(other))
    return one[:length], other[:length]
