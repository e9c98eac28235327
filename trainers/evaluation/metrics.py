"""The metrics of evaluation, each with its sentence. Imports neither torch nor numpy."""

from __future__ import annotations

from collections.abc import Mapping

METRICS: Mapping[str, str] = {
    "eval/offline_eval/avg_l1": "L1 on held-out episodes, at test time, in standard deviations of "
    "the demonstrated actions.",
    "eval/pc_success": "Successful episodes in the environment, 0 to 100; see `success`.",
    "eval/pc_success_any": "Episodes in which the task was done at any step, 0 to 100.",
    "eval/pc_success_end": "Episodes in which the task was done at the end, 0 to 100.",
    "eval/n_episodes": "Episodes that the success rate is a share of.",
    "eval/avg_max_reward": "Mean over episodes of the highest reward, in the environment's range.",
    "eval/episode/*": "1 for a success, by evaluation seed.",
    "eval/episode_any/*": "1 where the task was done at any step, by evaluation seed.",
    "eval/episode_end/*": "1 where the task was done at the end, by evaluation seed.",
    "eval/lesion/*": "Success with black images, with another episode's, with a masked state.",
    "probe/*": "What its probes find after the training, which the findings read "
    "(docs/findings.md).",
}
