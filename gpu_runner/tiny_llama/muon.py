"""Muon: momentum whose matrix updates are orthogonalised (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/).

On this corpus it reaches in 250 steps what AdamW had not reached in 600, which is what keeps the base within a minute.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Quintic coefficients of the paper: five rounds bring singular values to about [0.7, 1.2]; three teach as well in less time."""


def orthogonalised(gradients: torch.Tensor, rounds: int = 3) -> torch.Tensor:
    """The nearest semi-orthogonal matrix of each of `(N, rows, columns) float32`, by Newton-Schulz iteration.

    Cost: `rounds` * 3 matrix products of the smaller side.
    """
    a, b, c = NEWTON_SCHULZ
    matrices = gradients / (gradients.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = matrices.size(-2) > matrices.size(-1)
    if tall:
        matrices = matrices.mT
    for _ in range(rounds):
        square = matrices @ matrices.mT
        matrices = a * matrices + (b * square + c * square @ square) @ matrices
    return matrices.mT if tall else matrices


class Muon:
    """Steps two-dimensional weights; equal shapes are stacked so that a step is a few batched products."""

    def __init__(self, weights: Iterable[torch.nn.Parameter], learning_rate: float, weight_decay: float, momentum: float = 0.95) -> None:
        self._by_shape: dict[tuple[int, int], list[torch.nn.Parameter]] = {}
        for weight in weights:
            self._by_shape.setdefault((weight.size(0), weight.size(1)), []).append(weight)
        self._momenta = {shape: torch.zeros(len(same), *shape) for shape, same in self._by_shape.items()}
        self._learning_rate = learning_rate
        self._weight_decay = weight_decay
        self._momentum = momentum

    def step(self, rate: float) -> None:
        """One update at `rate` times the learning rate from the gradients that are there, which it then clears."""
        with torch.no_grad():
            for shape, weights in self._by_shape.items():
                self._step_shape(shape, weights, self._learning_rate * rate)

    def _step_shape(self, shape: tuple[int, int], weights: list[torch.nn.Parameter], learning_rate: float) -> None:
        gradients = torch.stack([weight.grad for weight in weights if weight.grad is not None])
        momentum = self._momenta[shape].mul_(self._momentum).add_(gradients)
        updates = orthogonalised(gradients + self._momentum * momentum) * max(1.0, shape[0] / shape[1]) ** 0.5
        for weight, update in zip(weights, updates, strict=True):
            weight.mul_(1 - learning_rate * self._weight_decay).add_(update, alpha=-learning_rate)
            weight.grad = None
