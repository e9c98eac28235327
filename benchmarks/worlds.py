"""Whether trainers succeed in the ready worlds, and look: the table of `docs/worlds.md`.

    python -m benchmarks.worlds [--seeds 0 1] [--episodes 20] [NAME ...]

Each row trains one configuration on one thread, then rolls it out on the first evaluation seeds:
as it is, with black images, with another episode's, with its state masked. Seconds are processor
time.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ilsweep.analysis.stats.intervals_and_tests import clopper_pearson
from ilsweep.trainers.core.registry import load
from ilsweep.trainers.data.sources import parse

EPISODES = 20
ACT = {
    "batch_size": 32,
    "chunk_size": 10,
    "lr": 1e-3,
    "lr_backbone": 1e-3,
    "ensemble_decay": None,
}


def metaworld(task: str, episodes: int = 28) -> dict[str, Any]:
    return {"source": "metaworld", "task": task, "episodes": episodes}


PUSHT = {
    "source": "gym",
    "env": {"id": "gym_pusht/PushT-v0", "kwargs": {"obs_type": "pixels_agent_pos"}},
    "expert": "ilsweep.trainers.envs.gym.pusht:expert",
    "episodes": 28,
    "image_size": [96, 96],
}
FETCH_REACH: dict[str, Any] = {
    "source": "gym",
    "env": {
        "id": "FetchReach-v4",
        "observation": {
            "observation.state": {"key": "observation", "slice": [0, 3]},
            "observation.images.front": {"camera": "external_camera_0"},
        },
    },
    "expert": "ilsweep.trainers.envs.gym.fetch:reach",
    "episodes": 28,
    "action_noise": 0.15,
}
FETCH_PUSH = {
    **FETCH_REACH,
    "env": {**FETCH_REACH["env"], "id": "FetchPush-v4"},
    "expert": "ilsweep.trainers.envs.gym.fetch:push",
}
ALOHA = {"source": "aloha", "observation": "state", "episodes": 50, "rate_hz": 12.5}


@dataclass(frozen=True)
class Row:
    """One configuration in one world."""

    trainer: str
    data: dict[str, Any]
    steps: int
    params: dict[str, Any] = field(default_factory=lambda: dict(ACT))


SHALLOW = {**ACT, "backbone": "shallow"}
ACT_JOINTS = {"batch_size": 32, "chunk_size": 20, "kl_weight": 0.1, "lr": 1e-3, "lr_backbone": 1e-3}
RELATIVE = {**ACT_JOINTS, "action_representation": "relative"}
DELTA = {**ACT_JOINTS, "action_representation": "delta"}
DIAL = metaworld("dial-turn-v3", 60)
BC = {
    "batch_size": 64,
    "lr": 1e-3,
    "lr_backbone": 1e-3,
    "lr_schedule": "cosine",
    "std_parameterization": "fixed",
    "random_shift": 0.06,
    "replays": 0,
}
REFLOW = {
    "teacher_steps": 1500,
    "teacher_rollouts": 20,
    "chunk_size": 10,
    "execute_steps": 5,
    "batch_size": 64,
    "random_shift": 0.06,
}
RDT = {
    "normalize": "minmax",
    "chunk_size": 16,
    "execute_steps": 8,
    "batch_size": 32,
    "lr": 1e-3,
    "lr_backbone": 1e-3,
    "ema_decay": 0.99,
    "random_shift": 0.06,
}
ROWS: dict[str, Row] = {
    "act-reference": Row("act", DIAL, 1200, SHALLOW),
    "act-frozen": Row("act", DIAL, 1200, {**SHALLOW, "lr_backbone": 0.0}),
    "act-image-norm": Row("act", DIAL, 1200, {**SHALLOW, "image_norm_eval": "none"}),
    "bc-reference": Row("bc", DIAL, 1500, BC),
    "reflow-pixels": Row("reflow", DIAL, 400, REFLOW),
    "rdt-pixels": Row("rdt", DIAL, 1500, RDT),
    "bc-one-demonstration": Row("bc", metaworld("dial-turn-v3", 2), 1500, BC),
    "dial-turn": Row("act", metaworld("dial-turn-v3"), 400),
    "door-lock": Row("act", metaworld("door-lock-v3"), 400),
    "lever-pull": Row("act", metaworld("lever-pull-v3"), 400),
    "push": Row("act", metaworld("push-v3"), 800),
    "dial-turn-shallow": Row("act", metaworld("dial-turn-v3"), 400, SHALLOW),
    "dial-turn-shift": Row("act", metaworld("dial-turn-v3"), 400, {**ACT, "random_shift": 0.06}),
    "dial-turn-per-camera": Row(
        "act", metaworld("dial-turn-v3"), 400, {**ACT, "backbone_per_camera": True}
    ),
    "door-lock-shallow": Row("act", metaworld("door-lock-v3"), 400, SHALLOW),
    "push-shallow": Row("act", metaworld("push-v3"), 800, SHALLOW),
    "dial-turn-ema": Row("act", metaworld("dial-turn-v3"), 400, {**ACT, "ema_decay": 0.99}),
    "aloha": Row("act", ALOHA, 400, ACT_JOINTS),
    "aloha-relative": Row("act", ALOHA, 400, RELATIVE),
    "aloha-delta": Row("act", ALOHA, 400, DELTA),
    "aloha-short": Row("act", ALOHA, 200, ACT_JOINTS),
    "aloha-short-relative": Row("act", ALOHA, 200, RELATIVE),
    "aloha-short-ema": Row("act", ALOHA, 200, {**ACT_JOINTS, "ema_decay": 0.99}),
    "pusht": Row("act", PUSHT, 1600),
    "fetch-reach": Row("act", FETCH_REACH, 400),
    "fetch-push": Row("act", FETCH_PUSH, 800),
    "dial-turn-bc": Row(
        "bc", metaworld("dial-turn-v3"), 800,
        {"batch_size": 64, "lr": 1e-3, "lr_backbone": 1e-3, "lr_schedule": "cosine", "replays": 0},
    ),
}  # fmt: skip
SEEN = ("black_images", "other_episode_images", "masked_state")


def measured(row: Row, seed: int, episodes: int, cache: Path) -> dict[str, float]:
    """Seconds of training, and successes of `episodes`: as it is, and by lesion."""
    data = parse(row.data).load(cache)
    kind = load(row.trainer)
    own = {"steps": row.steps, "rollouts": episodes, "lesions": episodes, **row.params}
    trainer = kind(kind.Config(**own), data, seed=seed)
    began = time.process_time()
    for _ in range(row.steps):
        trainer.train_step()
    seconds = time.process_time() - began
    found = trainer.finish()
    trainer.close()
    share = episodes / 100
    lesions = {
        name: share * found[key]
        for name in SEEN
        if (key := f"eval/lesion/{name}/pc_success") in found  # a policy that succeeded at all
    }
    return {"seconds": seconds, "as it is": share * found["eval/pc_success"], **lesions}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    args = parser.parse_args()
    if unknown := set(args.names) - ROWS.keys():
        parser.error(f"no row {', '.join(sorted(unknown))}; valid: {', '.join(ROWS)}")
    torch.set_num_threads(1)
    print("| row | training seeds | steps | seconds | success | " + " | ".join(SEEN) + " |")
    for name in args.names or ROWS:
        rows = [measured(ROWS[name], seed, args.episodes, args.cache) for seed in args.seeds]
        count = args.episodes * len(rows)
        won = round(sum(row["as it is"] for row in rows))
        low, high = (100 * end for end in _ends(won, count))
        seconds = "-".join(f"{s:.0f}" for s in sorted({round(row["seconds"]) for row in rows}))
        lesions = " | ".join(_lesioned(rows, key, args.episodes) for key in SEEN)
        success = f"{won} of {count} [{low:.0f}, {high:.0f}] %"
        print(f"| {name} | {len(rows)} | {ROWS[name].steps} | {seconds} | {success} | {lesions} |",
              flush=True)  # fmt: skip


def _lesioned(rows: list[dict[str, float]], name: str, episodes: int) -> str:
    seen = [row[name] for row in rows if name in row]
    return f"{round(sum(seen))} of {episodes * len(seen)}" if seen else "not run"


def _ends(k: int, n: int) -> tuple[float, float]:
    found = clopper_pearson(k, n)
    return found.low, found.high


if __name__ == "__main__":
    main()
