"""`launcher.py voice`: files of speech; what is damaged is said, and what can be heard of it is kept."""

import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.commands import main
from tests.pipeline.running import REPO, command, until
from tests.workers.small_disk import small_disk
from tests.workers.voices import clip, needs_voice, speech, tone
from workers.sound._reading import read_whole
from workers.voice._container import Writer, packets_of
from workers.voice._judging import decibels_off

pytestmark = [needs_voice(), pytest.mark.timeout(60)]
HEADER, CHUNK = 32, 6 + 4 + 50 * 9  # bytes; at 3.2 kbit/s


def written(path: Path, pcm: np.ndarray, rate: int, channels: int = 1) -> Path:  # type: ignore[type-arg]
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(np.repeat(pcm, channels).tobytes())
    return path


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, free=50_000) as place:
        yield place


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2.9 s at 3.2 kbit/s."""
    folder = tmp_path_factory.mktemp("said")
    source = written(folder / "said.wav", speech(seconds=2.905), 16000)
    assert main(["voice", "encode", str(source), "--kbps", "3.2"]) == 0
    return folder / "said.voice"


def test_speech_there_and_back_is_as_long_as_it_was_and_like_it(said: Path, tmp_path: Path) -> None:
    out = tmp_path / "back.wav"
    assert main(["voice", "decode", str(said), "--out", str(out)]) == 0
    before, after = read_whole(str(said.with_suffix(".wav")), 16000), read_whole(str(out), 16000)
    assert len(after) == len(before) == 46480
    assert decibels_off(before, after) < 5
    assert decibels_off(before, np.roll(after, 8000)) > 10
    assert said.stat().st_size == HEADER + 2 * CHUNK + 6 + 4 + 46 * 9


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (11025, 2), (22050, 1), (44100, 2), (48000, 6)])
def test_any_rate_and_any_number_of_channels_is_resampled_cleanly(
    tmp_path: Path, rate: int, channels: int
) -> None:
    source = written(tmp_path / "tone.wav", tone(500, 1.0, rate), rate, channels)
    assert main(["voice", "encode", str(source), "--kbps", "9.2"]) == 0
    assert main(["voice", "decode", str(tmp_path / "tone.voice"), "--out", str(tmp_path / "back.wav")]) == 0
    back = read_whole(str(tmp_path / "back.wav"), 16000)
    assert len(back) == pytest.approx(16000, abs=2)
    assert np.abs(np.fft.rfft(back[-8000:] * np.hanning(8000))).argmax() * 2 == pytest.approx(500, abs=4)
    assert np.abs(back).max() < 20000


def test_sound_out_of_a_film_is_taken(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(tone(500, 1.0, 44100)[None], format="s16", layout="mono")
        frame.rate = 44100
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert main(["voice", "encode", str(film)]) == 0
    assert (tmp_path / "film.voice").stat().st_size > 700


@pytest.mark.parametrize(("ending", "codec"), [("mp3", "libmp3lame"), ("aac", "aac")])
def test_a_file_of_several_put_together_is_read_to_its_end(tmp_path: Path, ending: str, codec: str) -> None:
    """Each has a rate and channels of its own."""
    parts = []
    for rate, layout in ((44100, "stereo"), (22050, "mono"), (44100, "mono"), (48000, "stereo")):
        part = tmp_path / f"part.{ending}"
        with av.open(str(part), "w") as container:
            stream: Any = container.add_stream(codec, rate=rate, layout=layout)
            whole = tone(500, 1.0, rate)
            frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
            frame.rate = rate
            for piece in av.AudioResampler(stream.format, layout, rate).resample(frame):
                container.mux(stream.encode(piece))
            container.mux(stream.encode(None))
        parts.append(part.read_bytes())
    (tmp_path / f"whole.{ending}").write_bytes(b"".join(parts))
    heard = read_whole(str(tmp_path / f"whole.{ending}"), 16000)
    assert len(heard) / 16000 == pytest.approx(4.1, abs=0.15)
    for second in range(4):
        part = heard[16000 * second + 4000 :][:8000]
        assert np.abs(np.fft.rfft(part * np.hanning(8000))).argmax() * 2 == pytest.approx(500, abs=4)


def test_a_name_with_a_colon_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("12:30.wav"), tone(500, 1.0, 16000), 16000)
    assert main(["voice", "encode", "12:30.wav"]) == 0
    assert main(["voice", "decode", "12:30.voice", "--out", "10:30.wav"]) == 0
    assert len(read_whole("10:30.wav", 16000)) == 16000


def damaged(path: Path, spoilt: range) -> Path:
    """Two seconds of a tone; these of its packets are nothing but zeros."""
    whole = path.with_name(f"whole-{path.name}")
    with av.open(str(whole), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(500, 2.0, 16000)[None], format="s16", layout="mono")
        frame.rate = 16000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        copy = target.add_stream_from_template(source.streams.audio[0])
        for number, packet in enumerate(source.demux(audio=0)):
            if packet.dts is not None:
                made = av.Packet(bytes(packet.size) if number in spoilt else bytes(packet))
                made.pts, made.dts, made.time_base = packet.pts, packet.dts, packet.time_base
                made.stream = copy
                target.mux(made)
    return path


def test_what_is_damaged_in_a_sound_file_is_left_out_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = damaged(tmp_path / "damaged.mka", range(5, 8))
    assert main(["voice", "encode", str(file)]) == 0
    assert caplog.text.count(f"{file}: what cannot be read of it is left out: ") == 1
    assert 1.3 < len(read_whole(str(file), 16000)) / 16000 < 1.9


def test_a_sound_file_with_nothing_that_can_be_read_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = damaged(tmp_path / "damaged.mka", range(1000))
    assert main(["voice", "encode", str(file)]) == 1
    assert f"{file}: cannot be read after 0.0 s: " in capsys.readouterr().err
    assert not file.with_suffix(".voice").exists()


@pytest.mark.parametrize("end", [HEADER + 2 * CHUNK, HEADER + 2 * CHUNK + 3, HEADER + 2 * CHUNK + 200])
def test_of_a_file_that_is_cut_off_all_that_is_whole_is_heard(
    said: Path, tmp_path: Path, end: int, capsys: pytest.CaptureFixture[str]
) -> None:
    short = tmp_path / "short.voice"
    short.write_bytes(said.read_bytes()[:end])
    assert main(["voice", "decode", str(short)]) == 1
    assert "cut off after 2.0 s" in capsys.readouterr().err
    assert len(read_whole(str(tmp_path / "short.wav"), 16000)) == 32000


@pytest.mark.parametrize("action", ["encode", "decode", "compare"])
@pytest.mark.parametrize("folder", ["folder", "."])
def test_a_folder_is_no_file(
    action: str,
    folder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["voice", action, folder]) == 1
    assert capsys.readouterr().err == f"{folder} is a folder; FILE has to name a file\n"


@pytest.mark.parametrize("action", ["encode", "decode"])
def test_a_file_is_not_written_over_itself(
    action: str, said: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = said if action == "decode" else said.with_suffix(".wav")
    file, link = tmp_path / "my.wav", tmp_path / "link"
    shutil.copy(source, file)
    link.symlink_to(file)
    before = file.read_bytes()
    for out in (file, link):
        assert main(["voice", action, str(file), "--out", str(out), "--overwrite"]) == 1
        assert capsys.readouterr().err == f"{out} is the file itself; --out has to name another\n"
    assert file.read_bytes() == before


def test_a_name_as_long_as_names_can_be_is_taken_and_a_longer_one_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / f"{'x' * 249}.wav", tone(500, 0.1, 16000), 16000)
    assert main(["voice", "encode", str(file)]) == 0
    assert main(["voice", "decode", str(file.with_suffix(".voice")), "--overwrite"]) == 0
    out = tmp_path / ("y" * 300)
    assert main(["voice", "encode", str(file), "--out", str(out)]) == 1
    assert f"{out} cannot be written: File name too long" in capsys.readouterr().err
    assert main(["voice", "encode", str(tmp_path / f"{'z' * 300}.wav")]) == 1
    assert "File name too long" in capsys.readouterr().err
    assert not list(tmp_path.glob(".*"))


def test_of_a_full_disk_is_said_which_file_and_what_of_it_there_is(
    tmp_path: Path, full_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = written(tmp_path / "said.wav", speech(seconds=3), 16000)
    assert main(["voice", "encode", str(source)]) == 0
    out = full_disk / "back.wav"
    assert main(["voice", "decode", str(source.with_suffix(".voice")), "--out", str(out)]) == 1
    assert f"{out}: No space left on device; what is written of it stays" in capsys.readouterr().err
    heard = read_whole(str(out), 16000)
    assert 0.5 < len(heard) / 16000 < 2.9
    assert len(heard) == (out.stat().st_size - 44) // 2
    assert main(["voice", "encode", str(source), "--out", str(full_disk / "x.voice")]) == 1
    assert f"{full_disk / 'x.voice'} cannot be written: No space left on device" in capsys.readouterr().err
    assert [file.name for file in full_disk.iterdir() if file.name != "other"] == ["back.wav"]


def test_a_packet_that_cannot_be_is_damage_too(
    said: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though its sum is right."""
    header, packets = packets_of(said)
    with Writer(tmp_path / "made.voice") as writer:
        for packet in packets:
            writer.add(packet)
        writer.add(bytes([127]) + bytes(64))
        writer.samples = header.samples
    assert main(["voice", "decode", str(tmp_path / "made.voice")]) == 1
    assert "is damaged or cut off after 2.0 s" in capsys.readouterr().err


def test_every_damage_is_noticed(said: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, damaged, random = said.read_bytes(), tmp_path / "damaged.voice", np.random.default_rng(1)
    whole = None
    for at in [*range(HEADER), *random.integers(HEADER, len(data), 12)]:
        bad = bytearray(data)
        bad[at] ^= 1 << int(random.integers(8))
        damaged.write_bytes(bad)
        whole = main(["voice", "decode", str(damaged), "--overwrite"])
        assert whole == 1, f"byte {at}"
        assert "damaged.voice: " in capsys.readouterr().err
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize(
    ("data", "what"),
    [(b"", "not a file that"), (b"RIFF rubbish" * 9, "not a file that"), (b"VOICE\r\n\x01", "ends in the")],
)
def test_what_is_no_file_of_speech_is_said(
    tmp_path: Path, data: bytes, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.voice"
    path.write_bytes(data)
    assert main(["voice", "decode", str(path)]) == 1
    assert what in capsys.readouterr().err
    assert not path.with_suffix(".wav").exists()


def test_what_cannot_be_read_is_said_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("no sound at all")
    assert main(["voice", "encode", str(text)]) == 1
    assert main(["voice", "encode", str(tmp_path / "none.wav")]) == 1
    assert main(["voice", "decode", str(tmp_path / "none.voice")]) == 1
    assert capsys.readouterr().err.count(str(tmp_path)) >= 3
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_a_file_that_is_there_is_not_written_over(said: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = said.read_bytes()
    assert main(["voice", "encode", str(said.with_suffix(".wav"))]) == 1
    assert "is there already" in capsys.readouterr().err
    assert said.read_bytes() == before


def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    source = written(tmp_path / "long.wav", np.zeros(16000 * 1200, np.int16), 16000)
    program = subprocess.Popen(
        [sys.executable, str(REPO / "launcher.py"), "voice", "encode", str(source)],
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: any(tmp_path.glob(".long.voice.*.part")), "it is being written")
    program.send_signal(signal.SIGINT)
    said = program.communicate(timeout=30)[1]
    assert program.returncode == 130
    assert f"{source}: stopped" in said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["long.wav"]


def test_a_folder_as_the_target_is_said(said: Path, tmp_path: Path) -> None:
    folder = command("voice", "decode", str(said), "--out", str(tmp_path), "--overwrite")
    assert folder.returncode == 1
    assert f"{tmp_path} is a folder; --out has to name a file" in folder.stderr


def test_a_folder_that_is_not_there_is_said_once(said: Path, tmp_path: Path) -> None:
    nowhere = command("voice", "decode", str(said), "--out", str(tmp_path / "nowhere" / "x.wav"))
    assert nowhere.returncode == 1
    assert "No such file or directory" in nowhere.stderr
    assert "Exception ignored" not in nowhere.stderr


def test_of_nothing_no_rate_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voice", "encode", str(written(tmp_path / "empty.wav", tone(500, 0, 16000), 16000))]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'empty.voice'}: 0.0 s, 32 bytes\n"


def test_silence_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silence = written(tmp_path / "silence.wav", np.zeros(32000, np.int16), 16000)
    assert main(["voice", "compare", str(silence)]) == 1
    assert (
        capsys.readouterr().err.strip()
        == f"{silence}: nothing is heard in it, so there is nothing to compare"
    )


@pytest.mark.parametrize("kbps", ["0", "9.4", "-1", "much"])
def test_a_rate_that_cannot_be_is_refused(kbps: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(["voice", "encode", "x.wav", "--kbps", kbps])
    assert left.value.code == 2


def test_compare_prints_every_codec_beside_opus(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voice", "compare", str(clip())]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("lyra ") for line in lines) == 3
    assert sum(line.startswith("opus ") for line in lines) == 4
