"""What a reader of RTSP is told of the stream (RFC 8866, with the parameters of RFC 6184 and RFC 3640)."""

from base64 import b64encode

from workers.audio._packets import CHANNELS, RATE
from workers.sinks._h264 import PARAMETERS, PICTURE_PARAMETERS, nal_units

VIDEO, SOUND = 96, 97  # payload types
VIDEO_RATE = 90_000
AAC_LC = "1190"  # its AudioSpecificConfig: 48 kHz, two channels
AAC_LINES = (
    f"m=audio 0 RTP/AVP {SOUND}",
    f"a=rtpmap:{SOUND} mpeg4-generic/{RATE}/{CHANNELS}",
    f"a=fmtp:{SOUND} streamtype=5; profile-level-id=41; mode=AAC-hbr; sizelength=13; indexlength=3; "
    f"indexdeltalength=3; config={AAC_LC}",
    "a=control:track1",
)


def description(host: str, key_packet: bytes, with_sound: bool = False) -> str:
    """`key_packet` has the parameter sets."""
    return "\r\n".join(
        [
            "v=0",
            f"o=- 0 0 IN IP{6 if ':' in host else 4} {host}",
            "s=Stereoring",
            f"c=IN IP{6 if ':' in host else 4} {'::' if ':' in host else '0.0.0.0'}",
            "t=0 0",
            "a=control:*",
            "a=range:npt=now-",
            f"m=video 0 RTP/AVP {VIDEO}",
            f"a=rtpmap:{VIDEO} H264/{VIDEO_RATE}",
            f"a=fmtp:{VIDEO} {_parameters(key_packet)}",
            "a=control:track0",
            *(AAC_LINES if with_sound else ()),
            "",
        ]
    )


def _parameters(key_packet: bytes) -> str:
    sets = [unit for unit in nal_units(key_packet) if unit[0] & 31 in (PARAMETERS, PICTURE_PARAMETERS)]
    profile = next(unit for unit in sets if unit[0] & 31 == PARAMETERS)[1:4].hex()
    texts = ",".join(b64encode(one).decode() for one in sets)
    return f"packetization-mode=1; profile-level-id={profile}; sprop-parameter-sets={texts}"
