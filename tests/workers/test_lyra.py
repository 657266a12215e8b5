"""Lyra V2 with its real weights: rates, streams, causality, and what is heard where packets are missing."""

import numpy as np
import pytest

from tests.workers.voices import Pcm, loudness, needs_voice, speech, tone
from workers.models import find_file, lite_interpreter
from workers.voice import Settings as Voice
from workers.voice._codecs import CODECS, LYRA, Codec
from workers.voice._conceal import Concealing
from workers.voice._lyra import FRAME, Decoder, Encoder, Sound
from workers.voice._lyra_books import BOOKS, NO_BOOK, books_of
from workers.voice._manifest import ENCODER, MODELS, QUANTIZER

pytestmark = [needs_voice(), pytest.mark.timeout(60)]


def frames(pcm: Pcm) -> list[Pcm]:
    return [pcm[at : at + FRAME] for at in range(0, len(pcm) - FRAME + 1, FRAME)]


def coded(pcm: Pcm, books: int = BOOKS) -> list[np.ndarray]:  # type: ignore[type-arg]
    encode = Encoder()
    return [encode(frame, books) for frame in frames(pcm)]


def heard(packets: list[np.ndarray]) -> Sound:  # type: ignore[type-arg]
    decode = Decoder()
    return np.concatenate([decode(indices) for indices in packets])


@pytest.mark.parametrize(
    ("kbps", "books"), [(0.2, 1), (0.3, 1), (0.4, 2), (3.2, 16), (6.0, 30), (9.2, 46), (0.05, 1), (18, 46)]
)
def test_contract_each_book_is_a_fifth_of_a_kilobit(kbps: float, books: int) -> None:
    assert LYRA.books_for(kbps) == books


@pytest.mark.parametrize("codec", CODECS.values(), ids=lambda codec: codec.name)
def test_contract_a_rate_that_the_codec_has_not_is_refused(codec: Codec) -> None:
    book = codec.bits * codec.rate / codec.frame / 1000
    for books in (1, codec.books):
        assert codec.books_for(Voice(codec=codec.name, kbps=round(books * book, 6)).kbps) == books
    for kbps in (0.9 * book, (codec.books + 1) * book):
        with pytest.raises(ValueError, match=f"kbps: {codec.name} has"):
            Voice(codec=codec.name, kbps=kbps)


def test_contract_fewer_books_are_the_first_ones_of_more() -> None:
    pcm = speech(seconds=1)
    every = coded(pcm)
    for books in (1, 16, 30):
        assert all(np.array_equal(a, b[:books]) for a, b in zip(coded(pcm, books), every, strict=True))


def test_contract_the_books_are_those_of_the_published_network() -> None:
    features, network = (
        lite_interpreter(find_file(MODELS[name]).read_bytes(), 1, "") for name in (ENCODER, QUANTIZER)
    )
    encode, decode = (network.get_signature_runner(name) for name in ("encode", "decode"))
    look, books = features.get_signature_runner("serving_default"), books_of(decode)
    for number, pcm in enumerate(frames(speech(seconds=1))):
        found = look(input_audio=pcm.astype(np.float32)[None] / 32768)["output_0"]
        count = 1 + number % BOOKS
        its = encode(input_frames=found, num_quantizers=np.int32(count))["output_0"].ravel()[:count]
        assert books.encode(found.ravel(), count).tolist() == its.tolist()
        every = np.full((BOOKS, 1, 1), NO_BOOK, np.int32)
        every[:count, 0, 0] = its
        expected = decode(encoding_indices=every)["output_0"].ravel()
        assert np.allclose(books.decode(its), expected, atol=1e-5)


def test_contract_more_books_are_nearer_to_what_was_said() -> None:
    pcm = speech(seconds=2)
    every = coded(pcm)
    original = np.abs(np.fft.rfft(pcm[: 90 * FRAME].reshape(-1, FRAME) / 32768, axis=1))

    def off(books: int) -> float:
        sound = heard([indices[:books] for indices in every[:90]])
        found = np.abs(np.fft.rfft(sound.reshape(-1, FRAME), axis=1))
        return float(np.abs(np.log(found + 1e-3) - np.log(original + 1e-3)).mean())

    assert off(46) < off(16) < off(2)


def test_contract_a_frame_s_sound_depends_on_no_later_frame() -> None:
    pcm = speech(seconds=1)
    other = pcm.copy()
    other[20 * FRAME :] = 0
    assert np.array_equal(heard(coded(pcm))[: 20 * FRAME], heard(coded(other))[: 20 * FRAME])


def test_contract_every_stream_begins_with_a_fresh_memory() -> None:
    pcm = speech(seconds=0.5)
    assert np.array_equal(heard(coded(pcm)), heard(coded(pcm)))
    encode, pair = Encoder(), frames(pcm)
    first = [encode(frame, BOOKS) for frame in pair]
    again = [encode(frame, BOOKS) for frame in pair]
    assert not all(np.array_equal(a, b) for a, b in zip(first, again, strict=True)), "it remembers"


def test_contract_silence_stays_silence_and_a_tone_keeps_its_pitch() -> None:
    silence = heard(coded(np.zeros(50 * FRAME, np.int16)))
    assert np.abs(silence).max() < 0.005
    sound = heard(coded(tone(440, 1.0)))[-8000:]
    loudest = np.abs(np.fft.rfft(sound * np.hanning(8000))).argmax() * 2
    assert loudest == pytest.approx(440, abs=4)


# Packets that are missing -------------------------------------------------------------------------------


def test_contract_a_lost_packet_fades_and_a_long_gap_is_the_noise_of_the_room() -> None:
    said = Concealing(Decoder())
    for indices in coded(speech(seconds=1.5)):
        before = said.heard(indices)
    gap = [said.missed(FRAME) for _ in range(50)]
    assert loudness(gap[0]) > 0.3 * loudness(before), "the last one is said again"
    assert loudness(gap[10]) < 0.004
    assert loudness(gap[49]) == pytest.approx(loudness(gap[10]), rel=0.3)
    assert max(float(np.abs(frame).max()) for frame in gap) <= 1


def test_contract_before_anything_was_heard_a_missing_packet_is_nearly_silent() -> None:
    assert loudness(Concealing(Decoder()).missed(FRAME)) < 1e-4


def test_contract_after_a_gap_it_goes_on_without_a_step() -> None:
    said, packets = Concealing(Decoder()), coded(tone(300, 1.0))
    sound = [said.heard(indices) for indices in packets[:25]]
    sound += [said.missed(FRAME) for _ in range(3)]
    sound += [said.heard(indices) for indices in packets[28:]]
    steps = np.abs(np.diff(np.concatenate(sound)[10 * FRAME :]))
    whole = heard(packets)[10 * FRAME :]
    assert steps.max() < 2.5 * np.abs(np.diff(whole)).max()


def test_contract_random_packets_are_never_louder_than_full_scale_and_begin_softly() -> None:
    random, said = np.random.default_rng(1), Concealing(Decoder())
    sound = [said.heard(random.integers(0, 16, 46, np.int32)) for _ in range(20)]
    assert np.abs(np.concatenate(sound)).max() <= 1
    assert np.abs(sound[0][:32]).max() < 0.1
