"""The networks that make packets of speech and speech of packets: where they come from, what they must be."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from workers.models import Model

BUILT_IN_FOLDER = Path(__file__).parent / "built_in"
LYRA = "https://raw.githubusercontent.com/google/lyra/47698da/lyra/model_coeffs/"


@dataclass(frozen=True, kw_only=True)
class VoiceModel(Model):
    """A part of Lyra V2, which is SoundStream as Google published it, or of our own."""

    setting: ClassVar[str] = "voice"


ENCODER, QUANTIZER, DECODER = "lyra-encoder", "lyra-quantizer", "lyra-decoder"
OWN_ENCODER, OWN_BOOKS, OWN_DECODER = "soundstream-encoder", "soundstream-books", "soundstream-decoder"
MODELS = {
    model.name: model
    for model in [
        VoiceModel(
            name=ENCODER,
            file="voice/soundstream_encoder.tflite",
            address=LYRA + "soundstream_encoder.tflite",
            sha256="237da0b16226fb0a68d49551c81bebf614e42142af72764448359f68581e88f1",
            nbytes=1779200,
            licence="Apache-2.0",
            about="Lyra V2: 20 ms of speech into 64 numbers",
        ),
        VoiceModel(
            name=QUANTIZER,
            file="voice/quantizer.tflite",
            address=LYRA + "quantizer.tflite",
            sha256="841ee05989687d32d1f616a8ad1419fc7eda37599d3c05c7cf5a0d60ccf8ac5c",
            nbytes=329012,
            licence="Apache-2.0",
            about="Lyra V2: these numbers into 46 times 4 bits",
        ),
        VoiceModel(
            name=DECODER,
            file="voice/lyragan.tflite",
            address=LYRA + "lyragan.tflite",
            sha256="50e7839cda4f30599a3a34cfaddcd9c98449b049eee884e1a74295780448ad06",
            nbytes=1475160,
            licence="Apache-2.0",
            about="Lyra V2: the numbers into speech again",
        ),
        VoiceModel.built_in(
            BUILT_IN_FOLDER,
            "soundstream_encoder.onnx",
            name=OWN_ENCODER,
            about="SoundStream at 24 kHz: 13 ms of speech into 24 times 10 bits",
        ),
        VoiceModel.built_in(
            BUILT_IN_FOLDER,
            "soundstream_books.bin",
            name=OWN_BOOKS,
            about="SoundStream at 24 kHz: what these bits mean",
        ),
        VoiceModel.built_in(
            BUILT_IN_FOLDER,
            "soundstream_decoder.onnx",
            name=OWN_DECODER,
            about="SoundStream at 24 kHz: the bits into speech again",
        ),
    ]
}
