"""Success in the simulator, as every trainer reports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainers.contract import Metrics
from trainers.data.config import Control, DataConfig, DomainName
from trainers.data.sources import AnyDataConfig

if TYPE_CHECKING:
    from trainers.rollout import ChunkPolicy, RolloutResult, Strategy


def run_episodes(
    policy: ChunkPolicy,
    data: AnyDataConfig,
    episodes: int | Sequence[int],
    strategy: Strategy,
    *,
    control: Control = "joint",
    domain: DomainName = "source",
) -> RolloutResult:
    """The first `episodes` evaluation episodes, the same for every trial, whatever its seed; where
    `episodes` are simulator seeds, theirs.

    Raises:
        ValueError: there are some, and the demonstrations are not of the simulator.
    """
    from trainers.rollout import EVALUATION_SEEDS, RolloutResult, rollouts

    seeds = EVALUATION_SEEDS[:episodes] if isinstance(episodes, int) else episodes
    if not len(seeds):
        return RolloutResult.none()
    if not isinstance(data, DataConfig):
        raise ValueError(f"rollouts: a data set has no simulator, got {len(seeds)}; valid: 0")
    from trainers.data.simulator import Simulator

    with Simulator.of(data, domain, control) as simulator:
        return rollouts(policy, simulator, seeds, strategy)


def success_metrics(result: RolloutResult) -> Metrics:
    """`eval/pc_success` (0 to 100), `eval/n_episodes`, `eval/avg_max_reward` (0 to 4) and, for each
    evaluation seed, `eval/episode/SEED` (1 for a success); nothing for no episode."""
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
    `probe/rerun_reward`, mean highest reward (0 to 4), and `probe/rerun_pc_success` (0 to 100)."""
    return {
        "probe/rerun_reward": float(result.max_rewards.mean()),
        "probe/rerun_pc_success": result.pc_success,
    }
