"""The residual vector quantiser (section III-C): each book says what those before it left.

Books are learned as running means (van den Oord et al., arXiv 1711.00937, appendix A.1), begin as k-means of
what the encoder makes of many clips, and an entry that nothing chooses any more takes the place of a vector
of the batch.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

DECAY, DEAD_BELOW = 0.99, 2.0  # of the running means; vectors of a batch (section III-C)
KMEANS_ROUNDS = 10
NO_BOOK = -1
LEAST = 1e-9


class Quantised(NamedTuple):
    """`commitment`: how far the encoder is from what is said of it, as a share of its features' energy (its
    gradient goes to the encoder alone)."""

    features: Tensor
    indices: Tensor
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
        distance = self.entries.square().sum(1) - 2 * vectors @ self.entries.T
        return distance.argmin(1)

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
        for _ in range(KMEANS_ROUNDS):
            counts, sums = self._gathered(vectors)
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

    def begin(self, vectors: Tensor) -> None:
        """One book after the other, each as k-means of what those before it leave of [N, D]."""
        for book in self.books:
            book.begin(vectors)
            vectors = vectors - book.entries[book.nearest(vectors)]

    def forward(self, features: Tensor, books: Tensor) -> Quantised:
        """`features` [B, D, T]; the first `books` [B] of each clip are used: with fewer now and then one
        model serves all rates (section III-C, quantizer dropout)."""
        left, said, found = features, torch.zeros_like(features), []
        commitment, energy = features.new_zeros(()), features.detach().square().mean() + LEAST
        for number, book in enumerate(self.books):
            used = (books > number)[:, None, None]
            rows = left.detach().transpose(1, 2)
            if self.training and used.any():
                book.learn(rows[books > number].reshape(-1, rows.shape[2]))
            indices = book.nearest(rows.reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
            part = book.entries[indices].transpose(1, 2) * used
            commitment = commitment + ((left - part).square() * used).mean() / energy
            said, left = said + part, left - part
            found.append(torch.where(used[:, 0], indices, NO_BOOK))
        through = features + (said - features).detach()
        return Quantised(through, torch.stack(found, 1), commitment / len(self.books))

    def indices(self, features: Tensor) -> Tensor:
        """[B, D, T] → [B, books, T]"""
        left, found = features.transpose(1, 2), []
        for book in self.books:
            chosen = book.nearest(left.reshape(-1, left.shape[2])).reshape(left.shape[:2])
            left = left - book.entries[chosen]
            found.append(chosen)
        return torch.stack(found, 1)

    def features(self, indices: Tensor) -> Tensor:
        """[B, books, T] → [B, D, T]; NO_BOOK adds nothing."""
        said = torch.zeros(())
        for number, book in enumerate(self.books):
            chosen = indices[:, number]
            said = said + book.entries[chosen.clamp(min=0)] * (chosen >= 0)[:, :, None]
        return said.transpose(1, 2)


def _some(vectors: Tensor, count: int) -> Tensor:
    """So many of them, by chance."""
    return vectors[torch.randint(len(vectors), (count,), device=vectors.device)]
