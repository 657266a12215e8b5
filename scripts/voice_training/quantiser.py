"""The residual vector quantiser (section III-C): each book says what those before it left.

Books are learned as running means (van den Oord et al., arXiv 1711.00937, appendix A.1), begin as k-means of
what the encoder makes of many clips, and an entry that nothing chooses any more takes the place of a vector
of the batch. When they are learned no more, entries are chosen as the program does it
(workers/voice/_soundstream_books.py).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from workers.voice._soundstream_books import SUMS

DECAY, DEAD_BELOW = 0.99, 2.0  # of the running means; vectors of a batch (section III-C)
KMEANS_ROUNDS, ROUGHLY = 10, 1 << 17  # all rounds but the last two are of so many vectors
AT_ONCE = 1 << 13  # vectors, for memory
LEAST = 1e-9


class Quantised(NamedTuple):
    """`commitment`: how far the encoder is from what is said of it, as a share of its features' energy (its
    gradient goes to the encoder alone)."""

    features: Tensor
    commitment: Tensor


class Book(nn.Module):
    """`entries` are not learned by gradients."""

    def __init__(self, size: int, dimension: int) -> None:
        super().__init__()
        self.register_buffer("entries", torch.zeros(size, dimension))
        self.register_buffer("counts", torch.zeros(size))
        self.register_buffer("sums", torch.zeros(size, dimension))
        self.entries: Tensor
        self.counts: Tensor
        self.sums: Tensor

    def nearest(self, vectors: Tensor) -> Tensor:
        """[N, D] → [N]"""
        energies = self.entries.square().sum(1)
        return torch.cat([
            (energies - 2 * part @ self.entries.T).argmin(1) for part in vectors.split(AT_ONCE)
        ])  # fmt: skip

    @torch.no_grad()
    def learn(self, vectors: Tensor) -> None:
        """From all vectors [N, D] that come to it in a step."""
        counts, sums = self._gathered(vectors)
        self.counts.lerp_(counts, 1 - DECAY)
        self.sums.lerp_(sums, 1 - DECAY)
        self.entries.copy_(self.sums / self.counts.clamp(min=1e-5)[:, None])
        self._revive(vectors)

    @torch.no_grad()
    def begin(self, vectors: Tensor) -> None:
        """As k-means of them, [N, D]."""
        self.entries.copy_(_some(vectors, len(self.entries)))
        few = vectors if len(vectors) < ROUGHLY else _some(vectors, ROUGHLY)
        for number in range(KMEANS_ROUNDS):
            counts, sums = self._gathered(few if number < KMEANS_ROUNDS - 2 else vectors)
            means = sums / counts.clamp(min=1)[:, None]
            self.entries.copy_(torch.where(counts[:, None] > 0, means, self.entries))
        self.counts.fill_(DEAD_BELOW)
        self.sums.copy_(self.entries * DEAD_BELOW)

    def _gathered(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """How many choose each entry, and their sums."""
        chosen = self.nearest(vectors)
        counts = torch.zeros_like(self.counts).index_add_(0, chosen, torch.ones_like(vectors[:, 0]))
        return counts, torch.zeros_like(self.sums).index_add_(0, chosen, vectors)

    def _revive(self, vectors: Tensor) -> None:
        """The paper's limit is for its batches; in smaller ones nobody has so many."""
        limit = min(DEAD_BELOW, 0.1 * len(vectors) / len(self.entries))
        dead = self.counts < limit
        fresh = _some(vectors, len(self.entries))
        self.entries.copy_(torch.where(dead[:, None], fresh, self.entries))
        self.counts.copy_(torch.where(dead, torch.full_like(self.counts, limit), self.counts))
        self.sums.copy_(torch.where(dead[:, None], fresh * limit, self.sums))


class Quantiser(nn.Module):
    def __init__(self, books: int, size: int, dimension: int) -> None:
        super().__init__()
        self.books = nn.ModuleList(Book(size, dimension) for _ in range(books))

    @property
    def begun(self) -> bool:
        return bool(self.books[0].counts.any())

    @torch.no_grad()
    def begin(self, vectors: Tensor) -> None:
        """One book after the other, each as k-means of what those before it leave of [N, D]."""
        left = vectors[:, None]
        for book, keep in zip(self.books, SUMS, strict=False):
            book.begin(_least(left))
            left = torch.cat([_nearest_sums(part, book.entries, keep) for part in left.split(AT_ONCE)])

    def forward(self, features: Tensor, books: Tensor) -> Quantised:
        """`features` [B, D, T]; the first `books` [B] of each clip are used: with fewer now and then one
        model serves all rates (section III-C, quantizer dropout)."""
        said = self._learning(features, books) if self.training else self._settled(features, books)
        energy = features.detach().square().mean() + LEAST
        through = features + (said - features).detach()
        return Quantised(through, (features - said).square().mean() / energy)

    @torch.no_grad()
    def _learning(self, features: Tensor, books: Tensor) -> Tensor:
        """One book after the other; each learns."""
        left = features.transpose(1, 2).clone()
        for number, book in enumerate(self.books[: int(books.max())]):
            used = books > number
            rows = left[used].flatten(0, 1)
            book.learn(rows)
            left[used] -= book.entries[book.nearest(rows)].reshape(left[used].shape)
        return features - left.transpose(1, 2)

    @torch.no_grad()
    def _settled(self, features: Tensor, books: Tensor) -> Tensor:
        """Of several sums the nearest."""
        said = torch.zeros_like(features)
        for clip, count in enumerate(books.tolist()):
            rows = features[clip].T
            left = rows[:, None]
            for book, keep in zip(self.books[:count], SUMS, strict=False):
                left = _nearest_sums(left, book.entries, keep)
            said[clip] = (rows - _least(left)).T
        return said


def _nearest_sums(left: Tensor, entries: Tensor, keep: int) -> Tensor:
    """What several sums leave of each vector, [N, S, D] → what the nearest do with an entry more."""
    farther = left.square().sum(2, keepdim=True) + entries.square().sum(1) - 2 * left @ entries.T
    best = farther.flatten(1).topk(keep, largest=False).indices
    sums, chosen = best // len(entries), best % len(entries)
    rows = torch.arange(len(left), device=left.device)[:, None]
    return left[rows, sums] - entries[chosen]


def _least(left: Tensor) -> Tensor:
    """Of the nearest sum, [N, S, D] → [N, D]."""
    nearest = left.square().sum(2).argmin(1)
    return left[torch.arange(len(left), device=left.device), nearest]


def _some(vectors: Tensor, count: int) -> Tensor:
    """So many of them, by chance."""
    return vectors[torch.randint(len(vectors), (count,), device=vectors.device)]
