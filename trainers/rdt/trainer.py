"""RDT: a small diffusion transformer over action chunks, after RDT-1B (arXiv 2410.07864).

Actions and states are RDT-1B's unified vector of 128 numbers (`trainers/rdt/unified.py`), the net
predicts the clean chunk from a noisy one (squared error), and a few steps of DPM-Solver++ sample it
at test time, with an exponential moving average of the weights. Noise enters only the numbers that
the robot has, in training as at test time, and only these are in the loss; RDT-1B adds it to all
128 and trains the others towards zero.

Shapes: B samples, T steps of a chunk, U = 128.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from ilsweep.trainers.act.trainer import ImageNorm
from ilsweep.trainers.core.contract import (
    OF_ROLLOUTS,
    Metrics,
    Params,
    Trainer,
    TrainerConfig,
    param,
)
from ilsweep.trainers.data.source import DataSource
from ilsweep.trainers.training.lr_schedule import cosine, parameter_groups, set_rates

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from ilsweep.trainers.data.dataset import Demonstrations, Int
    from ilsweep.trainers.data.features import ControlMode
    from ilsweep.trainers.evaluation.probes import Sample
    from ilsweep.trainers.evaluation.rollout import RolloutResult
    from ilsweep.trainers.nets.preprocessing import Batch
    from ilsweep.trainers.rdt.action_limits import Limits
    from ilsweep.trainers.rdt.network import RDTNet
    from ilsweep.trainers.rdt.policy import RDTPolicy

RDT_1B = "Liu et al. 2024, RDT-1B's code"
NOTES = "note on LIBERO position scales"


class GroupWeights(Params):
    """What each group's squared error is multiplied by in the loss."""

    position: float = param(1.0, ge=0, source=NOTES)
    """Of end-effector positions."""
    rotation: float = param(1.0, ge=0, source=NOTES)
    """Of end-effector rotations."""
    gripper: float = param(1.0, ge=0)
    """Of the grippers."""
    joints: float = param(1.0, ge=0)
    """Of the arms' joints."""


class RDTConfig(TrainerConfig):
    """Parameters of RDT. The defaults are small enough for one core."""

    control: str | None = None
    """How the robot is commanded, by the names of the data: for aloha `joint` or `ee`; null for
    `ee` where there is one, else for the first."""
    lr: float = param(5e-4, gt=0)
    """Learning rate of everything but the visual backbone; 1e-4 in RDT-1B."""
    lr_backbone: float = param(5e-4, ge=0)
    """Learning rate of the visual backbone; 0 freezes it."""
    lr_schedule: Literal["constant", "cosine"] = "cosine"
    """`cosine` lowers both rates to zero over `steps`; RDT-1B's is `constant`."""
    weight_decay: float = param(1e-2, ge=0, source=RDT_1B)
    """Decoupled weight decay (AdamW)."""
    grad_clip: float = param(1.0, gt=0, unit="L2 norm", source=RDT_1B)
    """The gradient is scaled down to this norm where it is larger."""
    ema_decay: float = param(0.999, ge=0, lt=1)
    """Largest decay of the averaged weights that evaluation uses; reached slowly, see
    `trainers/rdt/diffusion.py`. 0.9999 in RDT-1B, 0 for no average."""
    chunk_size: int = param(64, gt=0, unit="frames", source=RDT_1B)
    """Actions predicted at once."""
    execute_steps: int = param(16, gt=0, unit="frames")
    """Predicted actions that are executed before the next prediction; at most `chunk_size`."""
    diffusion_steps: int = param(1000, gt=1, source=RDT_1B)
    """Steps of the noise schedule in training."""
    inference_steps: int = param(5, gt=0, source=RDT_1B)
    """Steps of the solver at test time; at most `diffusion_steps`."""
    position_scale: float = param(1.0, gt=0, unit="net's units a metre", source=NOTES)
    """Positions are multiplied by it for the net, and divided again at test time; 100 is metres to
    centimetres. Cancels under `normalize: minmax`."""
    normalize: Literal["none", "minmax"] = param("none", source=NOTES)
    """`none` leaves physical units, as RDT-1B wants; `minmax` brings each number of the vector from
    its training range to -1..1."""
    loss_weights: GroupWeights = GroupWeights()
    """Weights of the groups in the loss."""
    inverse_scale: bool = True
    """Whether test time undoes `position_scale` and `normalize`; false is the fault, for the
    experiment."""
    replays: int = param(0, ge=0, unit="demonstrations", needs="seeds")
    """Training demonstrations that the policy runs again in the simulator at the end."""
    clip_margin: float = param(0.5, ge=0, unit="share of the training range")
    """Actions are executed within the training range widened by this on both sides."""
    dim: int = param(128, gt=0, unit="channels")
    """Width of the transformer; divisible by 4 and by `heads`; 2048 in RDT-1B."""
    heads: int = param(4, gt=0)
    """Attention heads; 32 in RDT-1B."""
    layers: int = param(3, gt=0)
    """Blocks of the transformer; 28 in RDT-1B."""
    backbone_width: int = param(8, gt=0, unit="channels")
    """Channels of the ResNet-18's first stage; 64 is the original."""
    backbone_stride: Literal[8, 16, 32] = param(32, unit="pixels")
    """Pixels between the tokens of an image."""
    image_norm: ImageNorm = "imagenet"
    """How images are normalised: by ImageNet's moments, to 0..1, or not at all (0..255)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for divisor, name in ((4, "4"), (self.heads, f"heads, {self.heads}")):
            if self.dim % divisor:
                raise ValueError(f"dim must be divisible by {name}; got {self.dim}")
        for part, whole in (
            ("execute_steps", "chunk_size"),
            ("inference_steps", "diffusion_steps"),
        ):
            value, most = getattr(self, part), getattr(self, whole)
            if value > most:
                raise ValueError(f"{part} must be at most {whole}, {most}; got {value}")
        return self


class RDT(Trainer):
    """Trains RDT on the source domain of `data`."""

    Config: ClassVar[type[TrainerConfig]] = RDTConfig
    config: RDTConfig
    data: Demonstrations
    metrics_need: ClassVar[Mapping[str, str]] = OF_ROLLOUTS
    metrics: ClassVar[Mapping[str, str]] = {
        "train/loss": "What the optimiser descends: weighted squared error of scaled actions.",
        "train/mse/*": "Squared error of one group's scaled actions, before its weight.",
        "train/grad_norm": "L2 norm of the gradient before clipping.",
        "train/lr": "Learning rate.",
        "train/update_s": "Seconds of an optimiser step, its batch included.",
        "train/dataloading_s": "Seconds that the batch took.",
        "eval/offline_eval/avg_l1": "L1 of sampled chunks on held-out episodes, in spreads of the "
        "robot's own actions, so that it is the same whatever the scaling.",
        "eval/pc_success": "Successful episodes in the simulator, 0 to 100.",
        "eval/n_episodes": "Episodes that it is a share of.",
        "eval/avg_max_reward": "Mean over episodes of the highest reward, 0 to 4.",
        "eval/episode/*": "1 for a success, by evaluation seed.",
        "probe/*": "See trainers/evaluation/probes.py and trainers/rdt/probes.py.",
    }

    @classmethod
    def check(cls, config: TrainerConfig, data: DataSource) -> list[str]:
        del config
        if data.source == "aloha":
            return []
        return [f"data.source: rdt knows the place of aloha's joints alone, got {data.source}"]

    def __init__(
        self, config: RDTConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        super().__init__(config, data, seed=seed, device=device)
        import numpy as np
        import torch

        from ilsweep.trainers.rdt.diffusion import Diffusion, MovingAverage
        from ilsweep.trainers.rdt.unified_codec import UnifiedCodec

        self.rng = np.random.default_rng(seed)
        usual = "ee" if "ee" in data.controls else None
        self.control: ControlMode = data.control(config.control or usual)
        self.codec: UnifiedCodec = UnifiedCodec(data, self.control, config, device)
        self.diffusion: Diffusion = Diffusion(config.diffusion_steps, config.inference_steps)
        self.first_seed = seed
        self.step = 0
        self.net: RDTNet = self.new_net(seed)
        self.average: MovingAverage[RDTNet] = MovingAverage(self.net, config.ema_decay)
        self.frames: Int = data.source.train_frames
        self.batch: int = config.batch_of(self.frames.size)
        self.weights: Tensor = torch.from_numpy(self._weights()).to(device)
        self.optimizer: torch.optim.Optimizer = torch.optim.AdamW(
            parameter_groups(self.net, config.lr, config.lr_backbone),
            weight_decay=config.weight_decay,
            fused=True,
        )

    def new_net(self, seed: int) -> RDTNet:
        """The net with the weights that training with `seed` begins with."""
        from ilsweep.trainers.nets.rng import RandomStream
        from ilsweep.trainers.rdt.network import RDTNet

        with RandomStream(seed):
            return RDTNet(self.config, self.codec).to(self.device)

    def _weights(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(U,) of the squared errors in the loss; zero for what the robot does not have."""
        import numpy as np

        weights = np.zeros(self.codec.space.mask.size, dtype=np.float32)
        for kind, indices in self.codec.space.kinds().items():
            weights[indices] = getattr(self.config.loss_weights, kind)
        return weights

    def train_step(self) -> Mapping[str, Any]:
        import torch

        begin = time.perf_counter()
        batch = self.batch_of(self.rng.choice(self.frames, size=self.batch))
        loaded = time.perf_counter()
        predicted = self.denoised(batch, self.rng)
        loss = self.loss(predicted, batch)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.grad_clip)
        lr = self._set_rates()
        self.optimizer.step()
        self.step += 1
        self.average.update(self.net, self.step)
        return {
            "train/loss": loss.detach(),
            **self._errors(predicted.detach(), batch),
            "train/grad_norm": norm,
            "train/lr": lr,
            "train/update_s": time.perf_counter() - begin,
            "train/dataloading_s": loaded - begin,
        }

    def _set_rates(self) -> float:
        """Both learning rates of this step, from the configuration alone; the main one."""
        config = self.config
        share = cosine(self.step, config.steps) if config.lr_schedule == "cosine" else 1.0
        set_rates(self.optimizer, share, (config.lr, config.lr_backbone))
        return share * config.lr

    def batch_of(self, frames: Int) -> Batch:
        """Scaled unified observations and action chunks of some training frames."""
        from ilsweep.trainers.nets.preprocessing import Batch

        domain = self.data.source
        inputs = self.codec.inputs(self.data.observe(domain, frames), self.config.image_norm)
        return Batch(inputs, self.codec.chunks(domain, frames, self.config.chunk_size))

    def denoised(self, batch: Batch, rng: np.random.Generator) -> Tensor:
        """What the net makes of the batch's chunks under noise at random times, (B, T, U)."""
        import numpy as np
        import torch

        clean = batch.chunks.actions
        times = torch.from_numpy(rng.integers(self.config.diffusion_steps, size=len(clean)))
        noise = torch.from_numpy(rng.standard_normal(tuple(clean.shape), dtype=np.float32))
        times, noise = times.to(clean.device), noise.to(clean.device) * self.codec.mask
        noisy = self.diffusion.add_noise(clean, noise, times)
        predicted: Tensor = self.net(self.net.observe(batch.inputs), noisy, times)
        return predicted

    def loss(self, predicted: Tensor, batch: Batch) -> Tensor:
        """Weighted squared error, mean over the robot's numbers and the steps that exist."""
        return (self._mean_square(predicted, batch) * self.weights).sum() / self.codec.mask.sum()

    def _errors(self, predicted: Tensor, batch: Batch) -> dict[str, Any]:
        errors = self._mean_square(predicted, batch)
        kinds = self.codec.space.kinds().items()
        return {f"train/mse/{kind}": errors[indices].mean() for kind, indices in kinds}

    def _mean_square(self, predicted: Tensor, batch: Batch) -> Tensor:
        """Squared error by number (U,), mean over the steps that exist, at least one a sample."""
        return (predicted - batch.chunks.actions)[~batch.chunks.pad].square().mean(dim=0)

    def evaluate(self) -> Metrics:
        held_out = self.held_out()
        predicted = self.policy().predict(held_out.observation)
        return {"eval/offline_eval/avg_l1": held_out.error(predicted)}

    def finish(self) -> Metrics:
        from ilsweep.trainers.evaluation.success import success_metrics

        return success_metrics(self.roll_out(self.config.rollouts))

    def probe(self) -> Metrics:
        from ilsweep.trainers.rdt.probes import probe_rdt

        return probe_rdt(self)

    def policy(self) -> RDTPolicy:
        """What the averaged net does now, at test time; it follows it as that learns on."""
        from ilsweep.trainers.rdt.policy import RDTPolicy

        limits = self.limits(self.config.clip_margin)
        net = self.average.net
        return RDTPolicy(net, self.codec, self.diffusion, limits, self.config.image_norm)

    def limits(self, margin: float) -> Limits:
        """The training range of the robot's actions, widened; rotations have no limits."""
        from ilsweep.trainers.rdt.action_limits import Limits

        ranges = self.data.statistics(self.control.action.key)
        return Limits.of(ranges, margin, free=self.codec.space.own("rotation"))

    def held_out(self) -> Sample:
        """The held-out frames that evaluation and probes look at."""
        from ilsweep.trainers.evaluation.probes import Sample

        return Sample.held_out(self.data, self.data.source, self.config.chunk_size, self.control)

    def solve(self, seeds: Sequence[int]) -> Mapping[int, bool]:
        return self.roll_out(seeds).solved

    def roll_out(self, episodes: int | Sequence[int]) -> RolloutResult:
        """Evaluation episodes, or those of given seeds, some actions of each chunk executed."""
        from ilsweep.trainers.act.policy import inference
        from ilsweep.trainers.evaluation.rollout import OpenLoop
        from ilsweep.trainers.evaluation.success import run_episodes

        strategy, control = OpenLoop(self.config.execute_steps), self.control.name
        with inference(self.average.net):
            return run_episodes(
                self.policy(), self.data.environment, episodes, strategy, control=control
            )

    def state_dict(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "average": self.average.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.bit_generator.state,
            "first_seed": self.first_seed,
            "step": self.step,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.average.net.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        # This configuration's, as the rates are: population-based training loads another's weights.
        for group in self.optimizer.param_groups:
            group["weight_decay"] = self.config.weight_decay
        self.rng.bit_generator.state = state["rng"]
        self.first_seed = int(state["first_seed"])
        self.step = int(state["step"])
