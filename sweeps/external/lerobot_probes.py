"""Probes of a LeRobot policy, run by the interpreter that trained it.

`python lerobot_probes.py DIR`: one file with nothing of ours, which needs what LeRobot needs. DIR
is a checkpoint's `pretrained_model`; the data set stands in its `train_config.json`. Prints a line
of JSON (`step`, `probe/NAME`, ...), defined as in `trainers/evaluation/probes.py`: a difference of
actions is the mean of |a - b| / spread, the spread being the standard deviation of the
demonstrated actions, per dimension. The frames are evenly spaced over the whole data set.

Shapes: B frames, T actions of a chunk, A numbers of an action, Z latent units.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

ACTIVE_UNIT_VARIANCE = 0.01
"""Burda et al. 2016, section 5.2: a latent unit is active above this variance of its mean."""
PHASES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75)
"""Shares of a motion at which `diversity` looks."""
STATE = "observation.state"
OTHER_INSTRUCTION = "stay where you are"


class Policy:
    """A trained policy with what comes before and after it."""

    def __init__(self, folder: Path) -> None:
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        policies = import_module("lerobot.policies.factory")
        configs = import_module("lerobot.configs.policies")
        import_module("lerobot.policies")  # registers the kinds of policy
        self.config = configs.PreTrainedConfig.from_pretrained(str(folder))
        self.config.device = device
        kind = policies.get_policy_class(self.config.type)
        self.policy = kind.from_pretrained(str(folder), config=self.config).to(device).eval()
        override = {"device_processor": {"device": device}}
        self.before, self.after = policies.make_pre_post_processors(
            self.config, pretrained_path=str(folder), preprocessor_overrides=override
        )
        self.images = list(self.config.image_features)

    def heeds_instructions(self, seen: dict[str, Any]) -> bool:
        """Whether an instruction makes a difference in what comes to the policy."""
        import torch

        texts = ([text] * len(seen["task"]) for text in ("move", OTHER_INSTRUCTION))
        own, other = (self.before({**seen, "task": text}) for text in texts)
        numbers = [n for n, value in own.items() if isinstance(value, torch.Tensor)]
        return any(not torch.equal(own[name], other[name]) for name in numbers)


class Subject(Policy):
    """A trained policy with its data set.

    `data` holds the observations and actions of `frames`, as a data loader of LeRobot gives them.
    """

    def __init__(self, folder: Path, frames: int, root: Path | None = None) -> None:
        import torch

        super().__init__(folder)
        file = folder / "train_config.json"
        trained = json.loads(file.read_text())["dataset"] if file.is_file() else {}
        datasets = import_module("lerobot.datasets.factory")
        where = {"repo_id": trained.get("repo_id", "its/data"), "root": root or trained.get("root")}
        meta = datasets.LeRobotDatasetMetadata(**where)
        times = datasets.resolve_delta_timestamps(self.config, meta)
        self.dataset = datasets.LeRobotDataset(**where, delta_timestamps=times)
        bounds = {name: torch.as_tensor(meta.stats["action"][name]) for name in ("min", "max")}
        self.low, self.high = bounds["min"].float(), bounds["max"].float()
        self.spread = torch.as_tensor(meta.stats["action"]["std"]).float().clamp_min(1e-6)
        self.indices = spaced(len(self.dataset), frames)
        self.data = self.batch(self.indices)
        self.right = self.predict(self.data)

    def batch(self, indices: list[int]) -> dict[str, Any]:
        """Frames of the data set, collated."""
        from torch.utils.data import default_collate

        collated: dict[str, Any] = default_collate([self.dataset[i] for i in indices])
        return collated

    def predict(self, data: dict[str, Any]) -> Any:
        """Actions (B, T, A) in physical units.

        The same noise at every call and in every row, so that only the observation makes a
        difference.
        """
        import torch

        self.policy.reset()
        with torch.no_grad(), same_noise():
            seen = self.before({name: value for name, value in data.items() if name != "action"})
            if self.config.type == "diffusion":
                pictures = [seen[name] for name in self.images]
                if pictures:
                    seen = {**seen, "observation.images": torch.stack(pictures, dim=-4)}
                chunk = self.policy.diffusion.generate_actions(seen)
            else:
                chunk = self.policy.predict_action_chunk(seen)
            return self.after(chunk).cpu().float()

    def shown(self, data: dict[str, Any], length: int) -> tuple[Any, Any]:
        """The demonstrated actions (B, T, A) that a prediction stands for, and where they exist."""
        first = self.config.n_obs_steps - 1 if self.config.type == "diffusion" else 0
        part = slice(first, first + length)
        return data["action"][:, part].float(), ~data["action_is_pad"][:, part]

    def change(self, wrong: Any) -> float:
        """Mean difference of actions (B, T, A) from those that the policy predicts, in spreads."""
        return float(((self.right - wrong).abs() / self.spread).mean())

    def error(self, predicted: Any, data: dict[str, Any]) -> float:
        """Mean error over the steps that exist, in spreads."""
        actions, there = self.shown(data, predicted.shape[1])
        return float(((predicted - actions).abs() / self.spread)[there].mean())


@contextmanager
def same_noise() -> Iterator[None]:
    """Normal noise (B, ...) is the same in every row; it begins anew with the same seed."""
    import torch

    def alike(draw: Any) -> Any:
        def drawn(*args: Any, **named: Any) -> Any:
            noise = draw(*args, **named)
            return noise[:1].expand_as(noise).clone()

        return drawn

    torch.manual_seed(0)
    with mock.patch.multiple(torch, randn=alike(torch.randn), normal=alike(torch.normal)):
        yield


def spaced(total: int, count: int) -> list[int]:
    """At most `count` of the numbers below `total`, evenly spaced."""
    count = min(total, count)
    return [round(i * (total - 1) / max(1, count - 1)) for i in range(count)]


def vision(subject: Subject) -> dict[str, float]:
    """What the actions owe to the images: black, the mean image, another episode's."""
    import torch

    if not subject.images:
        return {}
    data, own = subject.data, max(subject.error(subject.right, subject.data), 1e-9)
    others = subject.batch(donors(data, subject.indices, subject.dataset))
    replaced = {
        "black": {n: torch.zeros_like(data[n]) for n in subject.images},
        "mean": {n: data[n].mean(dim=0).expand_as(data[n]) for n in subject.images},
        "shuffled": {n: others[n] for n in subject.images},
    }
    found = {}
    for name, images in replaced.items():
        wrong = subject.predict({**data, **images})
        found[f"probe/{name}_action_change"] = subject.change(wrong)
        found[f"probe/{name}_error_ratio"] = subject.error(wrong, data) / own
    return found


def beside_images(subject: Subject) -> dict[str, float]:
    """What the actions owe to the robot's own state (its mean instead), and to the instruction."""
    import torch

    found, data = {}, subject.data
    if STATE in data:
        mean = torch.as_tensor(subject.dataset.meta.stats[STATE]["mean"]).float()
        masked = subject.predict({**data, STATE: mean.expand_as(data[STATE])})
        found["probe/joints_action_change"] = subject.change(masked)
    if subject.heeds_instructions(data):
        other = subject.predict({**data, "task": [OTHER_INSTRUCTION] * len(data["task"])})
        found["probe/instruction_action_change"] = subject.change(other)
    return found


def donors(data: dict[str, Any], indices: list[int], dataset: Any) -> list[int]:
    """For each frame one of another episode, at the same share of its length.

    The other episodes take turns.
    """
    starts, lengths = episodes(dataset)
    count = len(starts)
    found = []
    for i, episode in enumerate(int(number) for number in data["episode_index"]):
        phase = (indices[i] - starts[episode]) / max(1, lengths[episode] - 1)
        other = (episode + 1 + i % max(1, count - 1)) % count
        found.append(starts[other] + round(phase * (lengths[other] - 1)))
    return found


def episodes(dataset: Any) -> tuple[list[int], list[int]]:
    """First frame and number of frames of each episode."""
    numbers = [int(number) for number in dataset.hf_dataset["episode_index"]]
    starts = [i for i, n in enumerate(numbers) if i == 0 or numbers[i - 1] != n]
    ends = [*starts[1:], len(numbers)]
    return starts, [end - start for start, end in zip(starts, ends, strict=True)]


def diversity(subject: Subject, most: int = 32) -> dict[str, float]:
    """`probe/diversity_ratio`: variation of the predicted motion over targets, over the shown one.

    As in `trainers/evaluation/diversity.py`: at each phase all episodes have the robot's state of
    one of them; variances are summed over phases, steps and dimensions; the root of their ratio.
    """
    starts, lengths = episodes(subject.dataset)
    picked = spaced(len(starts), most)
    if len(picked) < 2:
        return {}
    own, shown = 0.0, 0.0
    for phase in PHASES:
        seen = subject.batch([starts[i] + round(phase * (lengths[i] - 1)) for i in picked])
        if STATE in seen:
            seen = {**seen, STATE: middle(seen[STATE]).expand_as(seen[STATE])}
        predicted = subject.predict(seen)
        actions, there = subject.shown(seen, predicted.shape[1])
        all_there = there.all(dim=0)
        own += variance(predicted[:, all_there] / subject.spread)
        shown += variance(actions[:, all_there] / subject.spread)
    return {"probe/diversity_ratio": math.sqrt(own / max(shown, 1e-12))}


def variance(actions: Any) -> float:
    """Over actions (B, T, A), summed over steps and dimensions."""
    return float(actions.var(dim=0, correction=0).sum())


def middle(states: Any) -> Any:
    """The one of states (B, ...) that is nearest to their mean, (1, ...)."""
    flat = states.float().flatten(1)
    scaled = (flat - flat.mean(dim=0)) / flat.std(dim=0).clamp_min(1e-6)
    return states[int(scaled.square().sum(dim=1).argmin())][None]


def latent(subject: Subject) -> dict[str, float]:
    """Active units, and the error with the posterior's mean against the zero latent; ACT alone."""
    import torch

    if subject.config.type != "act" or not subject.config.use_vae:
        return {}
    model = subject.policy.model
    seen = subject.before(dict(subject.data))
    if subject.images:
        seen = {**seen, "observation.images": [seen[name] for name in subject.images]}
    # The module alone in training mode: it looks at the actions, and nothing is dropped out.
    model.training = True
    with torch.no_grad(), mock.patch.object(torch, "randn_like", torch.zeros_like):
        chunk, (means, _) = model(seen)
    model.training = False
    return {
        "probe/active_units": float((means.var(dim=0) > ACTIVE_UNIT_VARIANCE).sum()),
        "probe/l1_posterior": subject.error(subject.after(chunk).cpu().float(), subject.data),
        "probe/l1_zero_latent": subject.error(subject.right, subject.data),
    }


def action_range(subject: Subject) -> dict[str, float]:
    """Predicted actions against the range of the demonstrated ones."""
    outside = (subject.right < subject.low) | (subject.right > subject.high)
    largest = max(float(subject.low.abs().max()), float(subject.high.abs().max()), 1e-9)
    return {
        "probe/out_of_range_share": float(outside.float().mean()),
        "probe/range_excess": float(subject.right.abs().max()) / largest,
    }


def main() -> int:
    """Print a checkpoint's probes as one line of JSON; the exit status."""
    # Else a file beside this one would be found in place of an installed package of its name.
    sys.path = [place for place in sys.path if Path(place).resolve() != Path(__file__).parent]
    parser = argparse.ArgumentParser(description="Probes of a LeRobot policy.")
    parser.add_argument("folder", type=Path, help="a checkpoint's pretrained_model")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--root", type=Path, help="the data set, where it has moved")
    args = parser.parse_args()
    subject = Subject(args.folder, args.frames, args.root)
    found = {"probe/transitions": float(len(subject.dataset))}
    for probe in (vision, beside_images, diversity, latent, action_range):
        found |= probe(subject)
    checkpoint = args.folder.resolve().parent.name
    step = {"step": int(checkpoint)} if checkpoint.isdecimal() else {}
    finite = {name: value for name, value in found.items() if math.isfinite(value)}
    print(json.dumps({**step, **finite}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
