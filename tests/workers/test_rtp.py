"""What goes over the wire for a player of RTSP: packets, reports, and who is admitted."""

import hashlib
import struct
import time
from itertools import pairwise

import pytest

from tests.workers.test_encode import Encoding, picture
from workers.sinks._h264 import nal_units
from workers.sinks._stream.digest import REALM, USER, Digest
from workers.sinks._stream.rtp import MOST, Due, Flow, picture_payloads, sound_payload
from workers.sinks._stream.sdp import description


def taken_apart(payloads: list[tuple[bytes, bool]]) -> list[bytes]:
    """The NAL units, as a player puts them together (RFC 6184, 5.6 and 5.8)."""
    units: list[bytes] = []
    for payload, _ in payloads:
        if payload[0] & 31 != 28:
            units.append(payload)
        elif payload[1] & 0x80:
            units.append(bytes([payload[0] & 0xE0 | payload[1] & 31]) + payload[2:])
        else:
            units[-1] += payload[2:]
    return units


def test_contract_the_next_picture_is_never_due_before_the_last() -> None:
    due, ms = Due(), 1_000_000
    times = [*range(0, 340 * ms, 17 * ms), 324 * ms, 325 * ms, 326 * ms, 900 * ms, 901 * ms]
    found = [due.after(time) for time in times]
    assert all(later > sooner for sooner, later in pairwise(found))
    assert found[-6] - times[-6] == pytest.approx(17 * ms, abs=2 * ms)


@pytest.mark.parametrize("rows", [90, 720])
def test_contract_a_picture_is_cut_so_that_each_piece_fits_and_nothing_is_missing(rows: int) -> None:
    packet = Encoding().packet(picture(0, rows, rows * 16 // 9))
    payloads = list(picture_payloads(packet))
    assert taken_apart(payloads) == list(nal_units(packet))
    assert max(len(payload) for payload, _ in payloads) <= MOST
    assert [last for _, last in payloads] == [False] * (len(payloads) - 1) + [True]


def test_contract_packets_are_numbered_and_have_their_pictures_time() -> None:
    flow = Flow(96, 90_000, ssrc=7, seq=65535, offset=0xFFFFFFFF)
    first, second = (flow.packet(b"abc", 1_000_000_000, last=last) for last in (False, True))
    assert struct.unpack(">BBHII", first[:12]) == (0x80, 96, 65535, 89_999, 7)
    assert struct.unpack(">BBHII", second[:12]) == (0x80, 96 | 0x80, 0, 89_999, 7)
    assert (flow.packets, flow.octets) == (2, 6)


def test_contract_a_report_says_which_time_of_day_a_picture_has() -> None:
    flow = Flow(96, 90_000)
    now = time.perf_counter_ns()
    _, kind, length, ssrc, seconds, part, stamp, _, _ = struct.unpack(">BBHIIIIII", flow.report(now)[:28])
    assert (kind, length, ssrc, stamp) == (200, 6, flow.ssrc, flow.stamp(now))
    assert seconds - 2_208_988_800 + part / 2**32 == pytest.approx(time.time(), abs=1)
    assert len(flow.report(now)) % 4 == 0


def test_contract_a_frame_of_sound_goes_with_its_length() -> None:
    assert sound_payload(b"x" * 300) == struct.pack(">HH", 16, 300 << 3) + b"x" * 300


def test_contract_a_player_is_told_the_parameters_of_the_video() -> None:
    text = description("127.0.0.1", Encoding().packet(picture(0)))
    assert "profile-level-id=42c0" in text
    assert text.count("m=") == 1
    assert all(line[1] == "=" for line in text.split("\r\n")[:-1])


def answer(challenge: str, token: str, method: str = "PLAY") -> str:
    nonce = challenge.partition('nonce="')[2].partition('"')[0]
    secret, asked = (
        hashlib.md5(text.encode()).hexdigest()
        for text in (f"{USER}:{REALM}:{token}", f"{method}:rtsp://x/live")
    )
    response = hashlib.md5(f"{secret}:{nonce}:{asked}".encode()).hexdigest()
    who = f'username="{USER}", realm="{REALM}", nonce="{nonce}"'
    return f'Digest {who}, uri="rtsp://x/live", response="{response}"'


def test_contract_who_knows_the_token_is_admitted() -> None:
    digest = Digest("secret")
    assert digest.admits("PLAY", answer(digest.challenge, "secret"))


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Digest",
        "Digest nonsense",
        "Basic c3RlcmVvcmluZzpzZWNyZXQ=",
        answer(Digest("secret").challenge, "secret"),
        'Digest username="stereoring", response="é"',
    ],
    ids=["nothing", "no_fields", "nonsense", "basic", "another_connections_nonce", "no_ascii"],
)
def test_contract_nobody_else_is(shown: str) -> None:
    digest = Digest("secret")
    assert not digest.admits("PLAY", shown)
    assert not digest.admits("PLAY", answer(digest.challenge, "guess"))
    assert not digest.admits("SETUP", answer(digest.challenge, "secret", "PLAY"))
