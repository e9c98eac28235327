"""Losses that more than one trainer uses.

Shapes: B samples, T steps of an action chunk, A action dimensions, Z latent dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor


def kl_to_standard_normal(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) in nats: (B, Z), (B, Z) -> ().

    Summed over the latent dimensions, averaged over the batch (Kingma & Welling 2014, appendix B),
    as in ACT (Zhao et al. 2023).
    """
    return kl_per_dimension(mu, logvar).sum(dim=-1).mean()


def kl_per_dimension(mu: Tensor, logvar: Tensor) -> Tensor:
    """The same before any sum or mean: (B, Z), (B, Z) -> (B, Z), in nats."""
    return 0.5 * (mu.square() + logvar.exp() - 1.0 - logvar)


def masked_l1(prediction: Tensor, target: Tensor, pad: Tensor) -> Tensor:
    """Mean absolute error over the steps that exist: (B, T, A), (B, T, A), pad (B, T) -> ().

    `pad` is true where the episode had ended. Divided by the number of valid steps, as lerobot
    does; the original ACT averages over the padding too, which makes the loss smaller for longer
    chunks and so cannot be compared between trials with different `chunk_size`.
    """
    return mean_over_steps((prediction - target).abs(), pad)


def mean_over_steps(errors: Tensor, pad: Tensor) -> Tensor:
    """Mean of errors (B, T, A) over the steps that exist: pad (B, T) is true where none does."""
    valid = (~pad).unsqueeze(-1).to(errors.dtype)  # (B, T, 1)
    return (errors * valid).sum() / (valid.sum() * errors.shape[-1]).clamp(min=1.0)


def pairwise_squared_l2(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distance of every pair of rows: (B, D), (C, D) -> (B, C).

    Differences are formed explicitly: |x|^2 + |y|^2 - 2xy loses the small distances to cancellation
    and can turn negative.
    """
    return (x.unsqueeze(1) - y.unsqueeze(0)).square().sum(dim=-1)


def pairwise_chunk_cost(x: Tensor, y: Tensor, pad_x: Tensor, pad_y: Tensor) -> Tensor:
    """Squared L2 distance of every pair of action chunks, padding left out: -> (B, C).

    x (B, T, A), y (C, T, A), pad_x (B, T), pad_y (C, T). The mean over the steps that both chunks
    have, times T, so that a pair near the end of an episode does not look cheap; 0 where they
    share no step.
    """
    both = (~pad_x).unsqueeze(1) & (~pad_y).unsqueeze(0)  # (B, C, T)
    step = (x.unsqueeze(1) - y.unsqueeze(0)).square().sum(dim=-1)  # (B, C, T)
    shared = both.sum(dim=-1).clamp(min=1)
    total = torch.where(both, step, torch.zeros_like(step)).sum(dim=-1)
    return total * (x.shape[1] / shared)


def pairwise_l1(x: Tensor, y: Tensor, pad: Tensor) -> Tensor:
    """Mean absolute error of every pair of action chunks: (B, T, A), (C, T, A) -> (B, C).

    Over the steps that x has, `pad` (B, T) is true at the others; as `masked_l1` for one pair.
    """
    valid = (~pad).to(x.dtype)  # (B, T)
    step = (x.unsqueeze(1) - y.unsqueeze(0)).abs().mean(dim=-1)  # (B, C, T)
    return (step * valid.unsqueeze(1)).sum(dim=-1) / valid.sum(dim=-1, keepdim=True).clamp(min=1.0)
