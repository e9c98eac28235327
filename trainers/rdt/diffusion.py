"""Diffusion of action chunks, with the noise schedulers of `diffusers`.

RDT-1B's choices (Liu et al. 2024, and `configs/base.yaml` of its repository): 1000 steps of DDPM on
a squared-cosine schedule, the net predicts the clean sample, five steps of DPM-Solver++ (Lu et al.
2022, arXiv 2211.01095) at inference. Shapes: B samples, T steps of a chunk, U = 128.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from torch import Tensor

SCHEDULE: dict[str, Any] = {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "sample"}

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""Noisy chunks (B, T, U) and their times (B,) to clean ones (B, T, U)."""


class Diffusion:
    """How noise is added in training, and taken away at inference."""

    def __init__(self, steps: int, inference_steps: int) -> None:
        # Here, because the import takes two seconds, most of them for torch's compiler.
        from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

        self.steps = steps
        self.inference_steps = inference_steps
        self._training = DDPMScheduler(num_train_timesteps=steps, clip_sample=False, **SCHEDULE)

    def add_noise(self, clean: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        """sqrt(a_t) clean + sqrt(1 - a_t) noise (Ho et al. 2020, equation 4): (B, T, U)."""
        noisy: Tensor = self._training.add_noise(clean, noise, times)
        return noisy

    def sample(self, denoise: Denoiser, noise: Tensor) -> Tensor:
        """Clean chunks (B, T, U) from pure noise, in `inference_steps` calls of the net."""
        solver, x = self._solver(), noise
        for time in solver.timesteps:
            clean = denoise(x, time.to(x.device).expand(len(x)))
            x = solver.step(clean, time, x).prev_sample
        return x

    def _solver(self) -> Any:
        from diffusers.schedulers.scheduling_dpmsolver_multistep import (
            DPMSolverMultistepScheduler,
        )

        solver = DPMSolverMultistepScheduler(num_train_timesteps=self.steps, **SCHEDULE)
        with warnings.catch_warnings():  # diffusers 0.42 makes a numpy array of a tensor
            warnings.filterwarnings("ignore", message="__array__", category=DeprecationWarning)
            solver.set_timesteps(self.inference_steps)
        return solver
