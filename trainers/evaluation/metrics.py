"""The metrics of evaluation, each with its sentence. Imports neither torch nor numpy."""

from __future__ import annotations

from collections.abc import Mapping

from ilsweep.trainers.core.metric_needs import Above, AtLeast, Is, Needs

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
    "eval/lesion/none/pc_success": "Successful episodes of those that the lesions are tried on.",
    "eval/lesion/black_images/pc_success": "Successful episodes with black images.",
    "eval/lesion/other_episode_images/pc_success": "Successful episodes with another's images.",
    "eval/lesion/masked_state/pc_success": "Successful episodes with the state masked.",
    "eval/lesion/n_episodes": "",
    "probe/path_diversity": "",
}

IMAGES = {"data.observation": Is("images")}

NEEDS: Mapping[str, Needs] = {
    "eval/lesion/*": {"rollouts": Above(), "lesions": Above(), **IMAGES},
    **{name: {"rollouts": Above(), "success": Is("end")}
       for name in ("eval/pc_success_any", "eval/episode_any/*")},
    **{name: {"rollouts": Above(), "success": Is("any")}
       for name in ("eval/pc_success_end", "eval/episode_end/*")},
    **dict.fromkeys(
        ("eval/pc_success", "eval/n_episodes", "eval/avg_max_reward", "eval/episode/*"), "rollouts"
    ),
    "probe/path_diversity": {"rollouts": AtLeast(4)},
}  # fmt: skip
"""What they need, for `Trainer.metrics_need`."""

SEEING: Mapping[str, str] = {
    "probe/shuffled_action_change": "",
    "probe/black_action_change": "",
    "probe/mean_action_change": "",
    "probe/joints_action_change": "",
    "probe/shuffled_error_ratio": "",
    "probe/black_error_ratio": "",
    "probe/mean_error_ratio": "Error with the mean image over error with the right images.",
    "probe/joints_error_ratio": "Error with the joints masked by their mean over error with them.",
    "probe/feature_rank": "",
    "probe/backbone_change": "",
    "probe/transitions": "",
}
"""What policies that may see images are probed for after the training; no words: the catalogue's of
`analysis.metrics`, which a manifest's empty sentence leaves as they are."""

SEEING_NEEDS: Mapping[str, Needs] = dict.fromkeys(
    ("probe/shuffled_*", "probe/black_*", "probe/mean_*", "probe/feature_rank",
     "probe/backbone_change"),
    IMAGES,
)  # fmt: skip
"""What they need."""

RERUN: Mapping[str, str] = {
    "probe/rerun_pc_success": "Training demonstrations that the policy does again, 0 to 100.",
    "probe/rerun_reward": "Mean over these of the highest reward, in the environment's range.",
}

RERUN_NEEDS: Mapping[str, Needs] = {"probe/rerun_*": "replays"}
"""What they need."""
