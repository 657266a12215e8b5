"""The encoder, the decoder, and both around the quantiser (section III-A to III-C)."""

from typing import NamedTuple

from torch import Tensor, nn

from scripts.voice_training.layers import CausalConv, CausalUp, Memory, ResidualUnit, Row
from scripts.voice_training.quantiser import Quantised, Quantiser
from workers.voice._soundstream_books import BOOKS, ENTRIES

RATE, STRIDES, DILATIONS = 24000, (2, 4, 5, 8), (1, 3, 9)
FRAME = 320  # samples; 75 frames a second, 13.3 ms
COMPRESSION, STRAIGHT = 0.7, 1e-4
GATE_CHANNELS = 64
SILENCE, OPEN = 3e-5, 3.0  # features so small are alike to the gate; its logit before it has learned


class Heard(NamedTuple):
    sound: Tensor
    quantised: Quantised


def compressed(features: Tensor) -> Tensor:
    """To the power of 0.7, so that the books leave more where it is loud and heard less: as MP3 and AAC do,
    with 0.75 (ISO/IEC 13818-7)."""
    return features.sign() * ((features.abs() + STRAIGHT) ** COMPRESSION - STRAIGHT**COMPRESSION)


def expanded(features: Tensor) -> Tensor:
    """What `compressed` was given."""
    return features.sign() * ((features.abs() + STRAIGHT**COMPRESSION) ** (1 / COMPRESSION) - STRAIGHT)


class Encoder(nn.Module):
    """Sound [B, 1, 320 T] → features [B, D, T]."""

    def __init__(self, channels: int, dimension: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [CausalConv(1, channels, 7)]
        for stride in STRIDES:
            layers += [ResidualUnit(channels, dilation) for dilation in DILATIONS]
            layers.append(CausalConv(channels, 2 * channels, 2 * stride, stride))
            channels *= 2
        layers.append(CausalConv(channels, dimension, 3))
        self.row = Row(layers)

    def forward(self, sound: Tensor, memory: Memory) -> Tensor:
        return compressed(self.row.remembering(sound, memory))


class Gate(nn.Module):
    """Features [B, D, T] → how much of each is speech, 0 to 1, by how loud all have been for a second: a
    masking filter, as speech is usually cleaned (Wang and Chen, arXiv 1708.07524, section III). Until it has
    learned it is open."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [CausalConv(dimension, GATE_CHANNELS, 3)]
        layers += [ResidualUnit(GATE_CHANNELS, dilation) for dilation in DILATIONS]
        last = CausalConv(GATE_CHANNELS, dimension, 1)
        assert last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, OPEN)
        self.row = Row([*layers, last])

    def forward(self, features: Tensor, memory: Memory) -> Tensor:
        loudness = (features.abs() + SILENCE).log() / 2 + 3  # -2 to 3
        return self.row.remembering(loudness, memory).sigmoid()


class Decoder(nn.Module):
    """Features [B, D, T] → sound [B, 1, 320 T]. `denoise` [B, 1, T], 0 or 1, says for each frame whether what
    is heard is to be clean: a gate lets only speech through, and FiLM tells the rest (Perez et al., arXiv
    1709.07871; section III-F)."""

    def __init__(self, channels: int, dimension: int) -> None:
        super().__init__()
        channels *= 1 << len(STRIDES)
        self.gate = Gate(dimension)
        self.first = CausalConv(dimension, channels, 7)
        self.film = nn.Conv1d(1, 2 * channels, 1)
        nn.init.zeros_(self.film.bias)
        layers: list[nn.Module] = []
        for stride in reversed(STRIDES):
            layers.append(CausalUp(channels, channels // 2, stride))
            channels //= 2
            layers += [ResidualUnit(channels, dilation) for dilation in DILATIONS]
        layers.append(CausalConv(channels, 1, 7))
        self.row = Row(layers)

    def forward(self, features: Tensor, denoise: Tensor, memory: Memory) -> Tensor:
        features = expanded(features)
        features = features * (1 - denoise * (1 - self.gate(features, memory)))
        x = self.first.remembering(features, memory)
        scale, shift = self.film(denoise).chunk(2, 1)
        return self.row.remembering(nn.functional.elu(x * (1 + scale) + shift), memory)


class SoundStream(nn.Module):
    """`channels` is the paper's C: 32 there, 16 for a slower machine."""

    def __init__(self, channels: int = 16, dimension: int = 80, books: int = BOOKS) -> None:
        super().__init__()
        self.encoder = Encoder(channels, dimension)
        self.quantiser = Quantiser(books, ENTRIES, dimension)
        self.decoder = Decoder(channels, dimension)

    @property
    def from_sound_to_sound(self) -> nn.ModuleList:
        """All that learns together; books and gate learn by themselves."""
        decoder = self.decoder
        return nn.ModuleList([self.encoder, decoder.first, decoder.film, decoder.row])

    def forward(self, sound: Tensor, books: Tensor, denoise: Tensor) -> Heard:
        """`books` [B]: how many of each clip are used."""
        quantised = self.quantiser(self.encoder(sound, Memory()), books)
        return Heard(self.decoder(quantised.features, denoise, Memory()), quantised)
