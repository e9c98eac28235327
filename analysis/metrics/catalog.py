"""The table of metrics: one line a metric, in the order in which a report shows them.

A trainer that logs one of these names gets the findings that read it, and a place, a label and a
direction in the report. A trainer of a user's own brings its table along in the manifest
(`trainers.core.contract.Metric`), which is laid over this one.

Probes are scalars, logged once or more; the last finite value counts. "Action sd" is the standard
deviation of the demonstrated actions, per dimension; differences in it are means over samples,
steps and dimensions of |a - b| / sd.
"""

from __future__ import annotations

from ilsweep.analysis.metrics.metric import Metric
from ilsweep.analysis.text import Text

EPISODE = "eval/episode/"
"""`eval/episode/SEED`: 1 for a success, 0 for a failure, of the episode with that evaluation seed.
Shared seeds make the rollouts of two policies comparable in pairs."""

PER_EPISODE = (EPISODE, "eval/episode_any/", "eval/episode_end/")
"""Beginnings of the metrics of one episode: it succeeded, as the trainer's `success` counts; the
task was done at any step; it was done at the end."""

SUCCESS = "eval/pc_success"


def is_success_rate(metric: str) -> bool:
    """Whether a metric is a share of episodes in %, whoever's and wherever: 0 to 100."""
    return "pc_success" in metric


ACTION_SD = "action sd"
STATE_COST = Text("ot_cost(state)", "OT cost(state)")

TRAINING = (
    Metric("train/loss", "What the optimiser descends; mean over the steps since the last report.",
           "", "min", "loss", Text("train/loss", "训练总损失"), drawn=True, default=True),
    Metric("train/l1_loss", "L1 of the actions on training batches (ACT: posterior's latent).",
           "", "min", "error", Text("train/l1_loss", "训练L1"), drawn=True, default=True),
    Metric("train/kld_loss", "KL of the latent from its prior, summed over the latent's units.",
           "nats", "min", "regulariser", Text("train/kld_loss", "训练KL"), drawn=True),
    Metric("bc/total_loss", "What the optimiser of behaviour cloning descends.",
           "", "min", "loss", Text("bc/total_loss", "BC总损失"), drawn=True),
    Metric("bc/actor_loss", "Negative log-likelihood of the demonstrated actions.",
           "nats", "min", "loss", Text("bc/actor_loss", "BC策略损失(NLL)"), drawn=True),
    Metric("bc/mse", "Squared error of the predicted mean action.",
           "", "min", "error", Text("bc/mse", "BC动作MSE"), drawn=True, default=True),
    Metric("bc/normalized_mse", "The same over the variance of the demonstrated actions.",
           "", "min", "other", Text("bc/normalized_mse", "BC归一化MSE"), drawn=True),
    Metric("train/velocity_loss", "Squared error of the velocity that a flow's network predicts.",
           "", "min", "other", Text("train/velocity_loss", "训练速度场损失")),
)  # fmt: skip

EVALUATION = (
    Metric("eval/offline_eval/avg_l1", "L1 on held-out episodes, as at test time.",
           "", "min", "held_out", Text("eval/avg_l1", "离线评估L1"), drawn=True, default=True),
    Metric("eval/offline_eval/avg_mse", "Squared error on held-out episodes, as at test time.",
           "", "min", "other", Text("eval/avg_mse", "离线评估MSE")),
    Metric("eval/eval_loss", "The loss on held-out episodes.",
           "", "min", "held_out", Text("eval/eval_loss", "验证损失"), drawn=True, default=True),
    Metric(SUCCESS, "Successful episodes.", "%", "max", "success",
           Text("eval/pc_success", "成功率(%)"), drawn=True, default=True, smallest_effect=10.0),
    Metric("eval/avg_max_reward", "Largest reward of an episode, mean over episodes.",
           "", "max", "other", Text("eval/avg_max_reward", "平均最高奖励")),
    Metric("eval/avg_sum_reward", "Sum of an episode's rewards, mean over episodes.",
           "", "max", "other", Text("eval/avg_sum_reward", "平均累计奖励")),
    Metric("eval/lesion/*/pc_success", "Successful episodes, a part of the observation taken away.",
           "%", None, "probe", smallest_effect=10.0),
    Metric("eval/n_episodes", "How many episodes the success rate is of.", "episodes",
           role="count"),
    Metric("eval/lesion/n_episodes", "How many episodes each success under a lesion is of.",
           "episodes", role="count"),
    Metric("eval/pc_success_any", "Episodes in which the task was done at any step.", "%", "max"),
    Metric("eval/pc_success_end", "Episodes in which the task was done at the end.", "%", "max"),
    Metric(f"{EPISODE}*", "Success of one evaluation episode, 0 or 1.", role="count"),
    Metric("eval/episode_any/*", "Success of one episode at any step, 0 or 1.", role="count"),
    Metric("eval/episode_end/*", "Success of one episode at its end, 0 or 1.", role="count"),
)  # fmt: skip

TRANSPORT = (
    Metric("train/ot_loss", "sum(plan * cost).",
           "", "min", "transport", Text("ot_loss", "OT损失"), drawn=True),
    Metric("train/ot_pi_sum", "Mass of the plan, 1 when balanced. No end is good; known reports "
           "give the minimum.",
           "", "min", "transport", Text("ot_pi_sum", "π总和"), drawn=True),
    Metric("train/ot_pi_diag", "Mass on the plan's diagonal; as the mass.",
           "", "min", "transport", Text("ot_pi_diag", "π对角和")),
    Metric("train/ot_cost/state", "Mean cost of the state's embedding, before its weight.",
           "", "min", "transport", STATE_COST, drawn=True),
    Metric("train/ot_cost/observation.state", "The same by LeRobot's name.",
           "", "min", "transport", STATE_COST, drawn=True),
    Metric("train/ot_cost/*", "Mean cost of one term, before its weight.",
           "", "min", "transport", Text("ot_cost(*)", "OT cost(*)")),
    Metric("train/ot_variation/*", "Variance of the source's embeddings over their mean square.",
           "share", role="probe"),
    Metric("probe/ot_term_share/*", "The term's share of the plan's cost, after its weight.",
           "share", role="probe"),
    Metric("probe/ot_offdiagonal", "Mass of the plan off its diagonal.", "share", role="probe"),
    Metric("probe/ot_marginal_violation", "Mean |row sum - target| / target over both marginals.",
           "", "min", "probe"),
    Metric("probe/target_pc_success", "Successful episodes in the target domain.",
           "%", "max", "probe", smallest_effect=10.0),
    Metric("probe/ot_true_match", "Mass on states that truly correspond.", "share", role="probe"),
)  # fmt: skip

OPTIMISER = (
    Metric("train/grad_norm", "Norm of the gradient before clipping.", role="optimiser",
           label=Text("train/grad_norm", "梯度范数"), drawn=True),
    Metric("train/lr", "Learning rate.", role="optimiser"),
    Metric("train/update_s", "Time of an optimiser step.", "s", role="count"),
    Metric("train/dataloading_s", "Time that a step waits for its batch.", "s", role="count"),
    Metric("bc/min_std", "Smallest predicted standard deviation of a batch; mean since the last "
           "report.", role="optimiser"),
    Metric("bc/batch_coverage", "Share of the training transitions that a batch holds.",
           role="optimiser"),
    Metric("bc/batch_spread", "Standard deviation of the per-sample loss within the batch.",
           role="optimiser"),
)  # fmt: skip

FOREIGN = (
    Metric("train/action_mse_error", "diffusion_policy's squared error on training samples.",
           "", "min", "error"),
    Metric("eval/action_mse_error", "The same on held-out samples.", "", "min", "held_out"),
    Metric("eval/overall_avg_sample_mse", "RDT's squared error of sampled actions.",
           "", "min", "held_out", default=True),
    Metric("eval/overall_avg_sample_l2err", "L2 error of sampled actions, as RDT prints it.",
           "", "min"),
    Metric("eval/l1_loss", "L1 on held-out episodes with the posterior's latent, as ACT's own "
           "validation takes it.", "", "min"),
    Metric("eval/kld_loss", "KL of the latent from its prior on held-out episodes.", "nats", "min"),
    Metric("train_loss", "diffusion_policy's training loss.",
           "", "min", "loss", drawn=True, default=True),
    Metric("loss", "A loss without a group.", "", "min", "loss", drawn=True, default=True),
    Metric("train_action_mse_error", "diffusion_policy's squared error on training samples.",
           "", "min", "error"),
    Metric("l1", "An L1 without a group.", "", "min", "error"),
    Metric("val_loss", "diffusion_policy's loss on held-out episodes.",
           "", "min", "held_out", drawn=True, default=True),
    Metric("overall_avg_sample_mse", "RDT's squared error of sampled actions.",
           "", "min", "held_out", default=True),
    Metric("test/mean_score", "diffusion_policy's mean score of test episodes, 0 to 1.",
           "", "max", "success", drawn=True, default=True),
)  # fmt: skip
"""As other programs log them; the names without a group are those of folders that earlier versions
imported."""

VISION = (
    Metric("probe/shuffled_action_change", "Change of the actions, images of other episodes.",
           ACTION_SD, role="probe"),
    Metric("probe/black_action_change", "Change of the actions, images black.",
           ACTION_SD, role="probe"),
    Metric("probe/mean_action_change", "Change of the actions, images replaced by the mean image.",
           ACTION_SD, role="probe"),
    Metric("probe/joints_action_change", "Change of the actions, joints masked by their mean.",
           ACTION_SD, role="probe"),
    Metric("probe/instruction_action_change", "Change of the actions, another instruction.",
           ACTION_SD, role="probe"),
    Metric("probe/shuffled_error_ratio", "Error with other images over error with the right ones.",
           "", "min", "probe"),
    Metric("probe/black_error_ratio", "Error with black images over error with the right ones.",
           "", "min", "probe"),
    Metric("probe/diversity_ratio", "Variation of the predicted motion over targets, beside the "
           "shown one's, all along the motion, the robot's state held.", role="probe"),
    Metric("probe/path_diversity", "Variation of executed paths over episodes, beside the shown "
           "one's.", role="probe"),
    Metric("probe/active_units", "Latent units with Var(posterior mean) > 0.01 (Burda 2016).",
           "units", role="probe"),
    Metric("probe/l1_posterior", "Held-out L1 with the posterior's latent.", "", "min", "probe"),
    Metric("probe/l1_zero_latent", "Held-out L1 with the zero latent of test time.",
           "", "min", "probe"),
    Metric("probe/backbone_change", "|w - w0| / |w0| over the visual backbone.", role="probe"),
    Metric("probe/feature_rank", "Effective rank of the centred image features (Roy & Vetterli "
           "2007).", "directions", role="probe"),
)  # fmt: skip
"""`field-notes/act-blind-policy.md`."""

SCALE = (
    Metric("probe/group_std/*", "Standard deviation of the group's targets as the loss sees them.",
           role="probe"),
    Metric("probe/gradient_share/*", "The group's part of the gradient at the network's output.",
           "share", role="probe"),
    Metric("probe/out_of_range_share", "Predicted positions outside the training range.",
           "share", role="probe"),
    Metric("probe/clip_share", "Executed actions that were clipped.", "share", role="probe"),
    Metric("probe/range_excess", "Largest |predicted position| over the largest in training.",
           role="probe"),
    Metric("probe/roundtrip_error", "max |inverse(transform(a)) - a|, with evaluation's inverse.",
           ACTION_SD, "min", "probe"),
    Metric("probe/executed_scale_ratio", "Standard deviation of the executed positions over the "
           "demonstrated ones.", role="probe"),
    Metric("probe/transitions", "Transitions in the training set.", "transitions", role="probe"),
    Metric("probe/train_error", "Error in training, on the quantity of `probe/test_error`.",
           "", "min", "error"),
    Metric("probe/test_error", "The same error under the conditions of test time.",
           "", "min", "probe"),
)  # fmt: skip
"""`field-notes/rdt-libero-position-scale.md`, `field-notes/bc-loss-jump.md`."""

PADDING = (
    Metric("probe/padding_teacher", "Mean |value| of the teacher's padded dimensions.",
           ACTION_SD, role="probe"),
    Metric("probe/padding_target_error", "Mean |teacher - training target| there.",
           ACTION_SD, "min", "probe"),
    Metric("probe/noise_std_train", "Standard deviation of training's starting noise, padded "
           "dimensions.", role="probe"),
    Metric("probe/noise_std_infer", "The same at inference.", role="probe"),
    Metric("probe/padding_gradient_share", "Part of the output gradient that the padded dimensions "
           "get.", "share", role="probe"),
    Metric("probe/padding_influence", "Change of valid actions when padded noise changes.",
           ACTION_SD, role="probe"),
    Metric("probe/velocity_error", "|v - v*| / |v*| of the student's velocity.",
           "", "min", "probe"),
    Metric("probe/endpoint_error", "|x - x*| / |x*| of the integrated action, inference's own "
           "steps.", "", "min", "probe"),
    Metric("probe/endpoint_error/*", "The same after so many Euler steps.", "", "min", "probe"),
    Metric("probe/pc_success/*", "Successful episodes after so many Euler steps.",
           "%", "max", "probe", smallest_effect=10.0),
    Metric("probe/teacher_pc_success", "The teacher's successful episodes, inference's own steps.",
           "%", "max", "probe"),
    Metric("probe/teacher_pc_success/*", "The teacher's after so many Euler steps.",
           "%", "max", "probe"),
    Metric("probe/straightness", "Mean |dx/dt - (x1 - x0)|^2 / |x1 - x0|^2 of the student's paths.",
           role="probe"),
)  # fmt: skip
"""`field-notes/reflow-padding.md`; "padded" dimensions are those beyond the robot's own."""

SIGNED = frozenset(
    ("train/loss", "bc/total_loss", "bc/actor_loss", "eval/eval_loss", "eval/avg_max_reward",
     "eval/avg_sum_reward", "train/ot_loss", "train_loss", "loss", "val_loss", "test/mean_score")
)  # fmt: skip
"""Those that may be negative: likelihoods, rewards, losses of which only the name is known."""

METRICS: tuple[Metric, ...] = (
    *TRAINING, *EVALUATION, *TRANSPORT, *OPTIMISER, *FOREIGN, *VISION, *SCALE, *PADDING,
)  # fmt: skip
