"""The metrics of evaluation, each with its sentence. Imports neither torch nor numpy."""

from __future__ import annotations

from collections.abc import Mapping

METRICS: Mapping[str, str] = {
    "eval/offline_eval/avg_l1": "L1 on held-out episodes, at test time, in standard deviations of "
    "the demonstrated actions.",
    "eval/pc_success": "Successful episodes in the environment, 0 to 100.",
    "eval/n_episodes": "Episodes that it is a share of.",
    "eval/avg_max_reward": "Mean over episodes of the highest reward, in the environment's range.",
    "eval/episode/*": "1 for a success, by evaluation seed.",
    "probe/*": "See trainers/evaluation/probes.py and the algorithm's own probes.py.",
}
