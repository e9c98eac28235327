"""Success in the environment, as every trainer reports it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.core.environment import EnvironmentSpec
from ilsweep.trainers.evaluation.rollout import (
    EVALUATION_SEEDS,
    ChunkPolicy,
    RolloutResult,
    Strategy,
    rollouts,
)


def run_episodes(
    policy: ChunkPolicy,
    world: EnvironmentSpec | None,
    episodes: int | Sequence[int],
    strategy: Strategy,
    *,
    control: str,
    domain: str = "source",
) -> RolloutResult:
    """The first `episodes` evaluation episodes, the same for every trial, whatever its seed; where
    `episodes` are seeds of the environment, theirs.

    Raises:
        ValueError: there are some, and the demonstrations have no environment.
    """
    seeds = EVALUATION_SEEDS[:episodes] if isinstance(episodes, int) else episodes
    if not len(seeds):
        return RolloutResult.none()
    if world is None:
        raise ValueError(f"rollouts: the data have no environment, got {len(seeds)}; valid: 0")
    with closing(world.make(control, domain)) as environment:
        return rollouts(policy, environment, seeds, strategy, world.max_steps)


def success_metrics(result: RolloutResult) -> Metrics:
    """`eval/pc_success` (0 to 100), `eval/n_episodes`, `eval/avg_max_reward` (in the environment's
    range) and, for each evaluation seed, `eval/episode/SEED` (1 for a success); nothing for no
    episode."""
    if not len(result.seeds):
        return {}
    return {
        "eval/pc_success": result.pc_success,
        "eval/n_episodes": float(len(result.seeds)),
        "eval/avg_max_reward": float(result.max_rewards.mean()),
        **{f"eval/episode/{seed}": float(success) for seed, success in result.solved.items()},
    }


def rerun_metrics(result: RolloutResult) -> Metrics:
    """Of training demonstrations that the policy ran again from where they began, closed-loop:
    `probe/rerun_reward`, mean highest reward (in the environment's range), and
    `probe/rerun_pc_success` (0 to 100)."""
    return {
        "probe/rerun_reward": float(result.max_rewards.mean()),
        "probe/rerun_pc_success": result.pc_success,
    }
