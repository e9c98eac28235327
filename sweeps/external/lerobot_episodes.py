"""Episodes of a LeRobot policy, as it is and under lesions, run by the interpreter that trained it.

`python lerobot_episodes.py DIR ENV INTO`: nothing of ours but two files beside it. DIR is a
checkpoint's `pretrained_model`, ENV an environment of LeRobot's as JSON (`{"type": "pusht"}`), INTO
a folder for pictures. Prints a line of JSON, the variants that the policy can be tried in, and
answers each line that it reads, `{"variant", "seeds", "filmed"}`, with one, until its input ends.

Episodes are counted as by `lerobot-eval`. The noise of an episode comes from its seed, so that two
variants differ by what the policy sees alone. Another episode's images are those of an episode of
the policy's own, after as many actions; means are over what it saw as it is. Films are of what the
first camera sees, whatever the policy is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import zlib
from collections.abc import Mapping
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

IMAGE, IMAGES, STATE = "observation.image", "observation.images.", "observation.state"
DONORS = 3
"""Episodes of the policy as it is whose images are kept, to be shown in others."""
ALIKE = 0.02
"""Most mean difference of two first observations of a seed; images are between 0 and 1."""
PICTURES = 200
"""Most pictures of a film."""
POINTS = 60
"""Most positions of a path, but for one."""
SIDE = 128
"""Pixels of a film's longer side, at least."""
PLACES = {"pusht": 2, "metaworld": 3}
"""Environments whose `agent_pos` begins with the end effector's position (in PushT's pixels, in m),
and its numbers."""

Seen = dict[str, Any]


class Episodes:
    """A policy in an environment."""

    def __init__(self, folder: Path, environment: dict[str, Any], into: Path, probes: Any) -> None:
        self.into, self.kind, self.other = into, environment["type"], probes.OTHER_INSTRUCTION
        config = environment_config(environment)
        self.loaded = probes.Policy(folder)
        factory = import_module("lerobot.envs.factory")
        self.worlds = [
            world
            for suite in factory.make_env(config, n_envs=1).values()
            for world in suite.values()
        ]
        self.env_before, self.env_after = factory.make_env_pre_post_processors(
            config, self.loaded.config
        )
        self.instructions = [instruction(world) for world in self.worlds]
        self.first: dict[int, Seen] = {}
        self.donors: dict[int, list[Seen]] = {}
        self.sums: Seen = {}
        self.looks = 0
        self.means: Seen = {}
        seen = self.observe(self.begin(0), 0)
        self.cameras = cameras(seen, self.loaded.images)
        self.variants = self.fitting(seen) if self.cameras else []

    def fitting(self, seen: Seen) -> list[str]:
        """What the policy can be tried in."""
        alone = [f"only_{name.removeprefix(IMAGES)}" for name in self.cameras]
        return [
            "none", "other_episode_images", "black_images", "mean_images",
            *(alone if len(alone) > 1 else []),
            *(["masked_state"] if STATE in seen else []),
            *(["other_instruction"] if self.loaded.heeds_instructions(seen) else []),
        ]  # fmt: skip

    def begin(self, seed: int) -> Any:
        """The first observation of a seed's episode."""
        world = self.worlds[seed % len(self.worlds)]
        for inner in getattr(world.unwrapped, "envs", ()):
            if hasattr(inner.unwrapped, "init_state_id"):  # LIBERO counts its starts itself
                inner.unwrapped.init_state_id = seed // len(self.worlds)
        utils = import_module("lerobot.envs.utils")
        option = getattr(utils, "NEW_ROLLOUT_OPTION", None)
        options = {option: True} if option else None
        return world.reset(seed=[seed], options=options)[0]

    def observe(self, raw: Any, seed: int) -> Seen:
        """A batch of one as LeRobot's data sets have it."""
        seen = import_module("lerobot.envs.utils").preprocess_observation(raw)
        instruction = self.instructions[seed % len(self.worlds)]
        return dict(self.env_before({**seen, "task": [instruction]}))

    def episode(self, variant: str, seed: int, pictures: list[Any] | None) -> dict[str, Any]:
        """Run one; its outcome."""
        import torch

        import_module("lerobot.utils.random_utils").set_seed(seed)
        world, policy = self.worlds[seed % len(self.worlds)], self.loaded.policy
        policy.reset()
        raw = self.begin(seed)
        most = int(world.call("_max_episode_steps")[0])
        rewards: list[float] = []
        path: list[list[float]] = []
        success = over = False
        while not over and len(rewards) < most:
            seen = self.observe(raw, seed)
            self.note(variant, seed, len(rewards), seen)
            path += place(self.kind, raw)
            if pictures is not None and not len(rewards) % (1 + most // PICTURES):
                pictures.append((len(rewards), small(seen[self.cameras[0]])))
            shown = self.lesioned(variant, seed, len(rewards), seen)
            with torch.inference_mode():
                action = self.loaded.after(policy.select_action(self.loaded.before(shown)))
            action = self.env_after({"action": action})["action"]
            raw, reward, terminated, truncated, info = world.step(action.cpu().numpy())
            rewards.append(float(reward[0]))
            success = success or succeeded(info)
            over = bool(terminated[0] or truncated[0])
        return {"seed": seed, "success": success, "steps": len(rewards), "reward": max(rewards),
                "path": path[:: 1 + len(path) // POINTS]}  # fmt: skip

    def note(self, variant: str, seed: int, step: int, seen: Seen) -> None:
        """Keep what the policy as it is sees; compare where an episode begins.

        Raises:
            ValueError: not where that of the same seed began before.
        """
        if step == 0:
            check_start(self.first.setdefault(seed, seen), seen, [*self.cameras, STATE])
        if variant != "none":
            return
        self.looks += 1
        for name in [*self.cameras, STATE]:
            if name in seen:
                self.sums[name] = self.sums.get(name, 0) + seen[name].double()
        if seed in self.donors or len(self.donors) < DONORS:
            images = {name: packed(seen[name]) for name in self.cameras}
            self.donors.setdefault(seed, []).append(images)

    def lesioned(self, variant: str, seed: int, step: int, seen: Seen) -> Seen:
        """What the policy is shown."""
        if variant == "none":
            return seen
        # From the first episodes as it is, so that a lesion stays the same.
        self.means = self.means or {n: (s / self.looks).float() for n, s in self.sums.items()}
        if variant == "other_instruction":
            others = [text for text in self.instructions if text not in seen["task"]]
            return {**seen, "task": [others[seed % len(others)] if others else self.other]}
        if variant == "other_episode_images":
            donors = [images for other, images in self.donors.items() if other != seed]
            if not donors:
                raise ValueError("another episode's images need another episode")
            donor = donors[seed % len(donors)]
            images = donor[min(step, len(donor) - 1)]
            return {**seen, **{name: unpacked(*image) for name, image in images.items()}}
        instead = {
            "mean_images": {name: self.means[name] for name in self.cameras},
            "masked_state": {STATE: self.means.get(STATE)},
        }
        black = {
            name: seen[name].new_zeros(seen[name].shape)
            for name in self.cameras
            if variant != f"only_{name.removeprefix(IMAGES)}"
        }
        return {**seen, **instead.get(variant, black)}

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The episodes of some seeds."""
        found = []
        for seed in question["seeds"]:
            pictures: list[Any] | None = [] if question["filmed"] else None
            episode = self.episode(question["variant"], seed, pictures)
            if pictures:
                episode["film"] = written(pictures, self.into / f"{seed}-{question['variant']}.npz")
            found.append(episode)
        return {"episodes": found}


def environment_config(environment: dict[str, Any]) -> Any:
    """LeRobot's configuration of an environment, plugins' included."""
    utils = import_module("lerobot.utils.import_utils")
    getattr(utils, "register_third_party_plugins", lambda: None)()
    return import_module("draccus").decode(
        import_module("lerobot.envs.configs").EnvConfig, environment
    )


def instruction(world: Any) -> str:
    """What an environment wants done; empty where it does not say."""
    for name in ("task_description", "task"):
        try:
            return str(world.call(name)[0])
        except (AttributeError, NotImplementedError):
            continue
    return ""


def cameras(seen: Seen, known: list[str]) -> list[str]:
    """The images that a policy looks at; all of them where a processor gives them other names."""
    images = [name for name in seen if name == IMAGE or name.startswith(IMAGES)]
    return [name for name in images if name in known] or images


def check_start(first: Seen, seen: Seen, names: list[str]) -> None:
    """Raise where two first observations differ."""
    for name in names:
        if name in seen and float((first[name] - seen[name]).abs().mean()) > ALIKE:
            raise ValueError(f"a seed does not fix how an episode begins: {name} differs")


def succeeded(info: Mapping[str, Any]) -> bool:
    """Whether the task is done, as `lerobot-eval` reads it."""
    ended = info.get("final_info", info)
    if not isinstance(ended, Mapping):  # gymnasium before 1.0: one for each environment
        ended = ended[0] or {}
    flag = ended.get("is_success", False)
    return bool(flag[0] if hasattr(flag, "__len__") else flag)


def place(kind: str, raw: Any) -> list[list[float]]:
    """Where the end effector is; nothing where that is not known."""
    if kind == "libero" and "robot_state" in raw:
        return [list(map(float, raw["robot_state"]["eef"]["pos"][0]))]
    if kind in PLACES and "agent_pos" in raw:
        return [list(map(float, raw["agent_pos"][0][: PLACES[kind]]))]
    return []


def packed(image: Any) -> tuple[bytes, Any]:
    """An image between 0 and 1 in few bytes."""
    pixels = (image * 255).round().byte().cpu().numpy()
    return zlib.compress(pixels.tobytes(), 1), pixels.shape


def unpacked(data: bytes, shape: Any) -> Any:
    """The image again."""
    import torch

    pixels = torch.frombuffer(bytearray(zlib.decompress(data)), dtype=torch.uint8)
    return pixels.reshape(tuple(shape)).float() / 255


def small(image: Any) -> Any:
    """Pixels (H, W, 3) of an image (1, 3, H, W), without most of them where it is large."""
    every = max(1, max(image.shape[-2:]) // SIDE)
    return (image[0, :, ::every, ::every] * 255).round().byte().permute(1, 2, 0).cpu().numpy()


def written(pictures: list[Any], file: Path) -> str:
    """A file of pictures, as arrays; its name."""
    import numpy as np

    times, images = zip(*pictures, strict=True)
    np.savez_compressed(file, times=times, images=images)
    return file.name


def beside(name: str) -> Any:
    """The module of a file beside this one."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """Answer until nothing more is asked; the exit status."""
    # LeRobot prints on the way, and what it imports may ask: what we say has a way of its own.
    questions, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.path = [place for place in sys.path if Path(place).resolve() != Path(__file__).parent]
    parser = argparse.ArgumentParser(description="Episodes of a LeRobot policy under lesions.")
    parser.add_argument("folder", type=Path, help="a checkpoint's pretrained_model")
    parser.add_argument("environment", type=json.loads, help="LeRobot's environment, as JSON")
    parser.add_argument("into", type=Path, help="a folder for pictures")
    args = parser.parse_args()
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("MUJOCO_GL", "egl")
    try:
        subject = Episodes(args.folder, args.environment, args.into, beside("lerobot_probes"))
        answers.write(json.dumps({"variants": subject.variants}) + "\n")
        for line in questions:
            answers.write(json.dumps(subject.answer(json.loads(line))) + "\n")
    except Exception as error:
        why = beside("lerobot_failure").explained(error, args.environment["type"])
        answers.write(json.dumps({"error": why}) + "\n")
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
