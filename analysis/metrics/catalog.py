"""The metrics that findings are made from: name, unit, meaning.

A trainer that logs one of these names gets the finding that reads it; a run without it gets none.
Probes are scalars, logged once or more; the last finite value counts. "Spread" is the standard
deviation of the demonstrated actions, per dimension; differences in its units are means over
samples, steps and dimensions of |a - b| / spread.
"""

from __future__ import annotations

EPISODE = "eval/episode/"
"""`eval/episode/SEED`: 1 for a success, 0 for a failure, of the episode with that evaluation seed.
Shared seeds make the rollouts of two policies comparable in pairs."""

PER_EPISODE = (EPISODE, "eval/episode_any/", "eval/episode_end/")
"""Beginnings of the metrics of one episode: it succeeded, as the trainer's `success` counts; the
task was done at any step; it was done at the end."""

EVIDENCE: dict[str, str] = {
    # training and evaluation
    "train/loss": "What the optimiser descends; mean over the steps since the last report.",
    "train/l1_loss": "L1 of the actions on training batches (ACT: with the posterior's latent).",
    "train/kld_loss": "KL of the latent from its prior, nats, summed over the latent's units.",
    "train/grad_norm": "Norm of the gradient before clipping.",
    "train/lr": "Learning rate.",
    "train/update_s": "Seconds an optimiser step.",
    "train/dataloading_s": "Seconds a step waits for its batch.",
    "eval/offline_eval/avg_l1": "L1 on held-out episodes, as at test time.",
    "eval/pc_success": "Successful episodes, 0 to 100.",
    "eval/lesion/none/pc_success": "The same, 0 to 100, on the episodes that were lesioned.",
    "eval/lesion/*/pc_success": "Successful episodes without a part of what is seen, 0 to 100.",
    "eval/lesion/n_episodes": "How many episodes each of them is of.",
    "eval/n_episodes": "How many episodes that is of.",
    "bc/actor_loss": "Negative log-likelihood of the demonstrated actions.",
    "bc/mse": "Squared error of the predicted mean action.",
    "bc/min_std": "Smallest predicted standard deviation of a batch; mean since the last report.",
    "bc/batch_spread": "Standard deviation of the per-sample loss within the batch.",
    # vision and latent (act-blind-policy.md)
    "probe/shuffled_action_change": "Images swapped between episodes: change, in spreads.",
    "probe/black_action_change": "Images black: change of the actions, in spreads.",
    "probe/mean_action_change": "Images replaced by the mean image: change, in spreads.",
    "probe/joints_action_change": "Joints masked by their mean: change, in spreads.",
    "probe/shuffled_error_ratio": "Error with swapped images over error with the right ones.",
    "probe/black_error_ratio": "Error with black images over error with the right ones.",
    "probe/diversity_ratio": "Spread of the predicted motion over targets, over the shown one's.",
    "probe/active_units": "Units of the latent with Var(posterior mean) > 0.01 (Burda 2016).",
    "probe/l1_posterior": "Held-out L1 with the posterior's latent.",
    "probe/l1_zero_latent": "Held-out L1 with the zero latent of test time.",
    "probe/backbone_change": "|w - w0| / |w0| over the visual backbone.",
    "probe/feature_rank": "Effective rank of the centred image features (Roy & Vetterli 2007).",
    # scale (rdt-libero-position-scale.md)
    "probe/group_std/*": "Standard deviation of the group's targets as the loss sees them.",
    "probe/gradient_share/*": "The group's share of the gradient at the network's output.",
    "probe/out_of_range_share": "Predicted positions outside the training range, share.",
    "probe/clip_share": "Executed actions that were clipped, share.",
    "probe/range_excess": "Largest |predicted position| over the largest in training.",
    "probe/roundtrip_error": "max |inverse(transform(a)) - a| / spread, with evaluation's inverse.",
    "probe/executed_scale_ratio": "Spread of the executed positions over the demonstrated ones.",
    # data and error (bc-loss-jump.md)
    "probe/transitions": "Transitions in the training set.",
    "probe/train_error": "Error in training, on the quantity of `probe/test_error`.",
    "probe/test_error": "The same error under the conditions of test time.",
    # padding (reflow-padding.md); "padded" dimensions are those beyond the robot's own
    "probe/padding_teacher": "Mean |value| of the teacher's padded dimensions, in valid spreads.",
    "probe/padding_target_error": "Mean |teacher - training target| there, in valid spreads.",
    "probe/noise_std_train": "Standard deviation of training's starting noise, padded dimensions.",
    "probe/noise_std_infer": "The same at inference.",
    "probe/padding_gradient_share": "Share of the output gradient that the padded dimensions get.",
    "probe/padding_influence": "Change of valid actions when padded noise changes, in spreads.",
    "probe/velocity_error": "|v - v*| / |v*| of the student's velocity.",
    "probe/endpoint_error": "|x - x*| / |x*| of the integrated action, inference's own steps.",
    "probe/endpoint_error/*": "The same after so many Euler steps.",
    "probe/straightness": "Mean |dx/dt - (x1 - x0)|^2 / |x1 - x0|^2 of the student's paths.",
    # transport (act-ot-stage-report.md)
    "train/ot_loss": "sum(plan * cost).",
    "train/ot_pi_sum": "Total mass of the plan, 1 when balanced.",
    "train/ot_pi_diag": "Mass on the plan's diagonal.",
    "train/ot_cost/*": "Mean cost of one term, before its weight.",
    "probe/ot_term_share/*": "The term's share of the plan's cost, after its weight.",
    "probe/ot_offdiagonal": "Share of the plan's mass off the diagonal.",
    "probe/ot_marginal_violation": "Mean |row sum - target| / target over both marginals.",
    "probe/ot_true_match": "Share of the mass on states that truly correspond.",
}
