"""An optimiser step of our ACT beside LeRobot's, of the same size, in turn, on one and two threads.

    python -m benchmarks.lerobot_step --python LEROBOT/bin/python [--rounds 5] [--seconds 4]

Batch 8, one camera of 96 x 128 pixels, the ResNet-18 at full width without pretrained weights,
dropout, 14 joints, chunks of 100; the transformer is 128 wide, else LeRobot's defaults. Ours draws
and prepares its batches from demonstrations as it does in a sweep; LeRobot's has one batch of
tensors ready, and its step is that of its `update_policy`: loss, gradient, clipping, AdamW. Each
side runs in a process of its own, only one at a time; both end with a finite loss that fell, else
nothing is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys

OURS = """
import json, sys, tempfile, time
from pathlib import Path
import torch
from benchmarks.trainers import LEROBOT_SIZE, made

torch.set_num_threads(int(sys.argv[1]))
cache = tempfile.TemporaryDirectory()
trainer = made("act", {**LEROBOT_SIZE, "lr": 1e-4}, (96, 128), Path(cache.name), "cpu")

def step():
    return trainer.train_step()["train/loss"]
"""
LEROBOT = """
import sys, time, json
import torch
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.policies.act.configuration_act import ACTConfig
from lerobot.policies.act.modeling_act import ACTPolicy

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)
image, state, action = "observation.images.top", "observation.state", "action"
config = ACTConfig(
    input_features={image: PolicyFeature(FeatureType.VISUAL, (3, 96, 128)),
                    state: PolicyFeature(FeatureType.STATE, (14,))},
    output_features={action: PolicyFeature(FeatureType.ACTION, (14,))},
    pretrained_backbone_weights=None, dim_model=128, device="cpu", push_to_hub=False,
)
policy = ACTPolicy(config).train()
batch = {image: torch.rand(8, 3, 96, 128), state: torch.randn(8, 14),
         action: torch.randn(8, 100, 14), "action_is_pad": torch.zeros(8, 100, dtype=torch.bool)}
optimizer = torch.optim.AdamW(policy.get_optim_params(), lr=1e-4, weight_decay=1e-4)

def step():
    loss, _ = policy.forward(batch)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(policy.parameters(), 10.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()
"""
TIMED = """
losses = [float(step()) for _ in range(5)]
for line in sys.stdin:
    steps, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < float(line):
        losses.append(float(step()))
        steps += 1
    print(json.dumps({"seconds": (time.perf_counter() - begin) / steps,
                      "learnt": losses[-1] < losses[0]}), flush=True)
"""


def main() -> None:
    """Print a row for each number of threads."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", required=True, help="an interpreter that has LeRobot")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each side in each round")
    args = parser.parse_args()
    print(f"{'threads':>7} {'ours':>9} {'LeRobot':>9}  LeRobot over ours")
    for threads in (1, 2):
        sides = [_started(sys.executable, OURS, threads), _started(args.python, LEROBOT, threads)]
        rounds = [[_round(side, args.seconds) for side in sides] for _ in range(args.rounds)]
        ratios = sorted(theirs / mine for mine, theirs in rounds)
        mine, theirs = (1000 * statistics.median(side) for side in zip(*rounds, strict=True))
        print(
            f"{threads:>7} {mine:6.0f} ms {theirs:6.0f} ms  {statistics.median(ratios):.2f} "
            f"[{ratios[0]:.2f}, {ratios[-1]:.2f}]",
            flush=True,
        )
        for side in sides:
            side.communicate()


def _started(python: str, program: str, threads: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, "-c", program + TIMED, str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
    )


def _round(side: subprocess.Popen[str], seconds: float) -> float:
    """Seconds of a step."""
    assert side.stdin is not None
    assert side.stdout is not None
    side.stdin.write(f"{seconds}\n")
    side.stdin.flush()
    found = json.loads(side.stdout.readline() or "{}")
    if not found.get("learnt"):
        raise SystemExit("a side did not learn, so that its time says nothing")
    return float(found["seconds"])


if __name__ == "__main__":
    main()
