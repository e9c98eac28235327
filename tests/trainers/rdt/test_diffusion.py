"""The forward process, the sampler and the moving average against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ilsweep.trainers.rdt.diffusion import Diffusion


def test_noise_follows_the_forward_process() -> None:
    diffusion = Diffusion(1000, 5)
    torch.manual_seed(0)
    clean, noise = torch.full((1000, 8, 16), 3.0), torch.randn(1000, 8, 16)
    noisy = diffusion.add_noise(clean, noise, torch.arange(1000))
    mean = noisy.mean(dim=(1, 2)) / 3.0
    # Nichol & Dhariwal 2021, equation 17: the squared cosine, with an offset of 0.008.
    time = (np.arange(1000) + 1) / 1000
    expected = np.cos((time + 0.008) / 1.008 * np.pi / 2) / np.cos(0.008 / 1.008 * np.pi / 2)
    np.testing.assert_allclose(mean.numpy()[:900], expected[:900], atol=0.12)
    assert float(noisy[999].std()) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_net_that_knows_the_answer_samples_it(steps: int) -> None:
    answer = torch.linspace(-2, 40, 2 * 3 * 128).reshape(2, 3, 128)
    calls: list[float] = []

    def denoise(noisy: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        calls.append(float(times[0]))
        return answer

    made = Diffusion(1000, steps).sample(denoise, torch.randn(2, 3, 128))
    torch.testing.assert_close(made, answer, rtol=1e-4, atol=1e-3)
    assert len(calls) == steps
    assert calls[0] == 999
    assert calls == sorted(calls, reverse=True)


def test_sampling_draws_a_gaussian_whose_denoiser_is_known() -> None:
    """For x ~ N(m, s^2) the best clean guess is linear in the noisy one; many small steps of the
    solver bring noise to that distribution."""
    m, s = 0.7, 0.3
    diffusion = Diffusion(1000, 100)
    a = torch.cumprod(1 - diffusion._training.betas, dim=0)

    def denoise(noisy: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        kept = a[times].view(-1, 1, 1)
        gain = kept.sqrt() * s * s / (kept * s * s + 1 - kept)
        return m + gain * (noisy - kept.sqrt() * m)

    made = diffusion.sample(
        denoise, torch.randn(64, 8, 128, generator=torch.Generator().manual_seed(0))
    )
    assert float(made.mean()) == pytest.approx(m, abs=0.01)
    assert float(made.std()) == pytest.approx(s, rel=0.05)
