"""What a trained policy does in the environment: its success, and what it owes to what it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ilsweep.trainers.core.contract import Metrics, TrainerConfig
from ilsweep.trainers.core.environment import EnvironmentSpec
from ilsweep.trainers.core.episode import DEMONSTRATION, INTACT
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.evaluation.diversity import path_diversity
from ilsweep.trainers.evaluation.episodes import EpisodeLog
from ilsweep.trainers.evaluation.lesions import lesion_metrics
from ilsweep.trainers.evaluation.rollout import RolloutResult
from ilsweep.trainers.evaluation.success import success_metrics

RollOut = Callable[[int | Sequence[int], EnvironmentSpec | None], RolloutResult]
"""Evaluation episodes, so many or of these seeds, in an environment."""


def closed_loop(
    data: Demonstrations, config: TrainerConfig, roll_out: RollOut, log: EpisodeLog
) -> Metrics:
    """Of `rollouts` episodes `success_metrics` and `path_diversity`; of `lesions` their metrics."""
    intact = roll_out(config.rollouts, log.watched() if data.environment else None)
    return {
        **success_metrics(intact),
        **path_diversity(log.paths(INTACT), log.paths(DEMONSTRATION)),
        **lesion_metrics(data, intact, config.lesions, roll_out, log),
    }
