"""An optimizer for the kernels of convolutions: each step turns all that a kernel can do by the same amount,
where Adam's steps are mostly along what it does most already.

After Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024; the size of a step after
Liu et al., "Muon is scalable for LLM training", 2025.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

import torch
from torch import Tensor

STEPS = 5
A, B, C = 3.4445, -4.7750, 2.0315  # brings singular values of 0…1 to about 1 in so many steps
SIZE = 0.2  # of a step beside Adam's


class Muon(torch.optim.Optimizer):
    """For weights of two dimensions and more. Kernels of the same shape are worked on together, shapes one
    beside the other in `pool`."""

    def __init__(
        self, weights: Iterable[Tensor], lr: float, decay: float, pool: Executor, momentum: float = 0.95
    ) -> None:
        super().__init__(weights, {"lr": lr, "decay": decay, "momentum": momentum})
        self._pool = pool

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                alike[weight.shape].append(weight)
            list(self._pool.map(self._turn, alike.values(), [group] * len(alike)))

    @torch.no_grad()  # a thread's own matter
    def _turn(self, weights: list[Tensor], group: dict[str, float]) -> None:
        pushes = torch.stack([self._push(weight, group["momentum"]) for weight in weights])
        ways = orthogonal(pushes.flatten(2))
        size = SIZE * max(ways.shape[1:]) ** 0.5
        for weight, way in zip(weights, ways, strict=True):
            weight.mul_(1 - group["lr"] * group["decay"])
            weight.add_(way.view(weight.shape), alpha=-group["lr"] * size)

    def _push(self, weight: Tensor, momentum: float) -> Tensor:
        """Nesterov's momentum."""
        assert weight.grad is not None, "a weight that the loss does not depend on"
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight, memory_format=torch.contiguous_format)
        state["momentum"].lerp_(weight.grad, 1 - momentum)
        return weight.grad.lerp(state["momentum"], momentum).contiguous()


def orthogonal(many: Tensor) -> Tensor:
    """The orthogonal matrix nearest to each, about. float32[n, rows, columns] to the same.

    The usual iteration X ← (a + b·XXᵀ + c·(XXᵀ)²) X, but only on XXᵀ, which is small: all of its factors
    commute."""
    if many.shape[1] > many.shape[2]:
        return orthogonal(many.mT).mT
    many = many / (many.flatten(1).norm(dim=1)[:, None, None] + 1e-12)
    square = many @ many.mT
    one = torch.eye(square.shape[1], device=many.device)
    whole = one.expand_as(square)
    for _ in range(STEPS):
        factor = A * one + B * square + C * (square @ square)
        whole = factor @ whole
        square = factor @ square @ factor
    return whole @ many
