"""Success in the environment, as every trainer reports it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.core.environment import EnvironmentSpec
from ilsweep.trainers.evaluation.rollout import (
    EVALUATION_SEEDS,
    ActionExecution,
    ChunkPolicy,
    RolloutResult,
    Success,
    rollouts,
)


def run_episodes(
    policy: ChunkPolicy,
    world: EnvironmentSpec | None,
    episodes: int | Sequence[int],
    execution: ActionExecution,
    *,
    control: str,
    domain: str = "source",
    success: Success = "any",
) -> RolloutResult:
    """The first `episodes` evaluation episodes, the same for every trial, whatever its seed.

    Where `episodes` are seeds of the environment, theirs.

    Raises:
        ValueError: there are some, and the demonstrations have no environment.
    """
    seeds = EVALUATION_SEEDS[:episodes] if isinstance(episodes, int) else episodes
    if not len(seeds):
        return RolloutResult.none()
    if world is None:
        raise ValueError(f"rollouts: the data have no environment, got {len(seeds)}; valid: 0")
    with closing(world.make(control, domain)) as environment:
        return rollouts(policy, environment, seeds, execution, world.max_steps, success)


def success_metrics(result: RolloutResult) -> Metrics:
    """What evaluation episodes came to; nothing for no episode.

    - `eval/pc_success`: successes, 0 to 100, and for each evaluation seed `eval/episode/SEED`, 1
      for one; the task was done at any step, or at the end, as `success` says.
    - `eval/pc_success_any` or `eval/pc_success_end`, and `eval/episode_any/SEED` or
      `eval/episode_end/SEED`: the same by the other of the two.
    - `eval/n_episodes`; `eval/avg_max_reward`, in the environment's range.
    """
    if not len(result.seeds):
        return {}
    other: Success = "end" if result.counts == "any" else "any"
    by_other = result.by_seed(other)
    return {
        "eval/pc_success": result.pc_success,
        f"eval/pc_success_{other}": result.percent(other),
        "eval/n_episodes": float(len(result.seeds)),
        "eval/avg_max_reward": float(result.max_rewards.mean()),
        **{f"eval/episode/{seed}": float(won) for seed, won in result.solved.items()},
        **{f"eval/episode_{other}/{seed}": float(won) for seed, won in by_other.items()},
    }


def rerun_metrics(result: RolloutResult) -> Metrics:
    """Of training demonstrations that the policy ran again from where they began, closed-loop.

    `probe/rerun_reward`, mean highest reward (in the environment's range), and
    `probe/rerun_pc_success` (0 to 100).
    """
    return {
        "probe/rerun_reward": float(result.max_rewards.mean()),
        "probe/rerun_pc_success": result.pc_success,
    }
