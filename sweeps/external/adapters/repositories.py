"""Training scripts of repositories that are cloned rather than installed: ACT, RDT, HIL-SERL.

Argument names: `imitate_episodes.py` of tonyzhaozh/act, `main.py` of
thu-ml/RoboticsDiffusionTransformer, `examples/train_bc.py` of rail-berkeley/hil-serl.
"""

from __future__ import annotations

from ilsweep.sweeps.external.adapters.base import Adapter, argument
from ilsweep.sweeps.spec.command import MetricSource, Resume
from ilsweep.trainers.core.contract import Params


class ACTRepositoryParams(Params):
    """`imitate_episodes.py`; defaults are those of its README."""

    task_name: str = argument("--task_name {task_name}", "sim_transfer_cube_scripted")
    """Entry of SIM_TASK_CONFIGS in the repository's constants.py, which also names the data."""
    steps: int = argument("--num_epochs {steps}", 2000, gt=0, unit="epochs")
    """Length of the training."""
    batch_size: int = argument("--batch_size {batch_size}", 8, gt=0, unit="samples")
    """Samples in one optimiser step, in training and in validation."""
    lr: float = argument("--lr {lr}", 1e-5, gt=0)
    """Learning rate of everything but the backbone, whose 1e-5 stands in the script."""
    kl_weight: int = argument("--kl_weight {kl_weight}", 10, ge=0)
    """Weight of the KL divergence in the loss; a whole number."""
    chunk_size: int = argument("--chunk_size {chunk_size}", 100, gt=0, unit="actions")
    """Actions predicted at once."""
    hidden_dim: int = argument("--hidden_dim {hidden_dim}", 512, gt=0)
    """Width of the transformer."""
    dim_feedforward: int = argument("--dim_feedforward {dim_feedforward}", 3200, gt=0)
    """Width of the transformer's feed-forward layers."""


ACT_REPOSITORY = Adapter(
    about="imitate_episodes.py of the ACT repository (tonyzhaozh/act).",
    Config=ACTRepositoryParams,
    start=("python", "imitate_episodes.py"),
    always=("--policy_class", "ACT", "--ckpt_dir", "{folder}/checkpoints", "--seed", "{seed}"),
    source=MetricSource(format="act"),
    metrics={
        "train/loss": "training loss, mean over the epoch",
        "train/l1_loss": "L1 of the actions in training",
        "train/kld_loss": "KL divergence in training",
        "eval/loss": "validation loss, with the posterior's latent",
        "eval/l1_loss": "L1 of the actions in validation, with the posterior's latent",
        "eval/kld_loss": "KL divergence in validation",
    },
    env={"MPLBACKEND": "Agg"},
    in_repository="the ACT repository",
)


class RDTParams(Params):
    """`main.py`; what is not given keeps its own default."""

    steps: int = argument("--max_train_steps={steps}", 200_000, gt=0, unit="optimiser steps")
    """Length of the training."""
    batch_size: int | None = argument("--train_batch_size={batch_size}", gt=0, unit="samples")
    """Samples in one step on one device."""
    lr: float | None = argument("--learning_rate={lr}", gt=0)
    """Learning rate."""
    lr_scheduler: str | None = argument("--lr_scheduler={lr_scheduler}")
    """Course of the learning rate: constant, cosine, ..."""
    warmup_steps: int | None = argument("--lr_warmup_steps={warmup_steps}", ge=0)
    """Steps over which the learning rate rises."""
    weight_decay: float | None = argument("--adam_weight_decay={weight_decay}", ge=0)
    """Weight decay."""
    cond_mask_prob: float | None = argument("--cond_mask_prob={cond_mask_prob}", ge=0, le=1)
    """Share of the samples whose conditions are masked."""
    state_noise_snr: float | None = argument("--state_noise_snr={state_noise_snr}", unit="dB")
    """Signal-to-noise ratio of the noise added to states."""
    image_aug: bool | None = argument("--image_aug")
    """Whether images are augmented."""
    gradient_accumulation: int | None = argument(
        "--gradient_accumulation_steps={gradient_accumulation}", gt=0, unit="batches"
    )
    """Batches in one optimiser step."""
    save_every: int | None = argument("--checkpointing_period={save_every}", gt=0)
    """A checkpoint is written every so many steps."""
    eval_every: int | None = argument("--sample_period={eval_every}", gt=0)
    """Trajectories are sampled and compared every so many steps."""


RDT_REPOSITORY = Adapter(
    about="main.py of the RDT repository (thu-ml/RoboticsDiffusionTransformer).",
    Config=RDTParams,
    start=("accelerate", "launch", "main.py"),
    always=("--output_dir={folder}/output", "--logging_dir={folder}/logs", "--seed={seed}"),
    source=MetricSource(format="rdt"),
    metrics={
        "train/loss": "loss of the step",
        "train/lr": "learning rate",
        "train/*_sample_mse": "mean squared error of sampled trajectories",
        "train/*_sample_l2err": "L2 error of sampled trajectories",
    },
    resume=Resume(checkpoint="output/checkpoint-*", args=["--resume_from_checkpoint=latest"]),
    in_repository="the RDT repository",
)


class HILSERLParams(Params):
    """`train_bc.py`; batch size and encoder stand in the experiment's own config.py."""

    exp_name: str | None = argument("--exp_name={exp_name}")
    """Entry of CONFIG_MAPPING in the repository's experiments."""
    steps: int = argument("--train_steps={steps}", 20_000, gt=0, unit="optimiser steps")
    """Length of the training."""


HIL_SERL_REPOSITORY = Adapter(
    about="examples/train_bc.py of the HIL-SERL repository (rail-berkeley/hil-serl).",
    Config=HILSERLParams,
    start=("python", "train_bc.py"),
    always=("--bc_checkpoint_path={folder}/checkpoints", "--seed={seed}"),
    source=MetricSource(format="wandb", file="tmp/*/wandb/*run-*/run-*.wandb"),
    metrics={"bc/*": "actor_loss, total_loss, mse, as wandb has them"},
    # Its logger writes to a temporary folder of its own choosing.
    env={"TMPDIR": "{folder}/tmp"},
    in_repository="the folder `examples` of the HIL-SERL repository, with demo_data in it",
)
