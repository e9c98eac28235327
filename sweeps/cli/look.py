"""`ilsweep look`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ilsweep.sweeps.cli.arguments import Command, positive, takes_json
from ilsweep.sweeps.exit_codes import BLIND, INTERRUPTED, OK
from ilsweep.sweeps.processes.signals import leaving


def _arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "checkpoints",
        nargs="+",
        type=Path,
        metavar="CHECKPOINT",
        help="a trial's folder, or one of its checkpoints, or a folder of LeRobot's checkpoint",
    )
    sub.add_argument(
        "--episodes",
        type=positive,
        default=50,
        metavar="N",
        help="at most so many episodes of each variant (default: 50)",
    )
    lerobot = sub.add_argument_group("checkpoints of LeRobot")
    lerobot.add_argument(
        "--python",
        type=Path,
        metavar="PATH",
        help="interpreter in which its LeRobot is installed, or that environment's folder "
        "(default: of the trial's command)",
    )
    lerobot.add_argument(
        "--env",
        nargs="+",
        metavar="WORD",
        help="LeRobot's environment: its type, and NAME=VALUE of its configuration "
        "(default: the one that it was trained for); none: by actions on its data set",
    )
    lerobot.add_argument(
        "--data", type=Path, metavar="DIR", help="its data set, where that has moved"
    )
    takes_json(sub)


def _environment(words: list[str] | None) -> dict[str, Any] | None:
    """LeRobot's configuration of an environment; empty for none, None where nothing is said.

    Raises:
        FolderError: a word is no NAME=VALUE.
    """
    from ilsweep.sweeps.errors import FolderError, Problem
    from ilsweep.sweeps.spec import yamlio

    if words is None:
        return None
    for word in words[1:]:
        if "=" not in word:
            raise FolderError(str(Problem("--env", "no NAME=VALUE", word, "task=PushT-v0")))
    pairs = (word.partition("=")[::2] for word in words[1:])
    settings = {name: yamlio.parse(value, f"--env {name}") for name, value in pairs}
    return {} if words == ["none"] else {"type": words[0], **settings}


def _look(args: argparse.Namespace) -> int:
    from ilsweep.analysis.card.text import card_text
    from ilsweep.analysis.records.files import to_json
    from ilsweep.sweeps.workflow.lerobot_policy import LeRobotOptions
    from ilsweep.sweeps.workflow.look import look_at

    options = LeRobotOptions(args.python, _environment(args.env), args.data)
    cards = []
    stopped = "interrupted; nothing of this checkpoint is kept"
    try:
        for path in args.checkpoints:
            with leaving(lambda: stopped):
                card, file = look_at(path, args.episodes, options)
            cards.append(card)
            if not args.json:
                print(card_text(card, "en"))
                print(file)
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        return INTERRUPTED
    if args.json:
        print(to_json({"cards": [card.to_json() for card in cards]}))
    return BLIND if any(card.verdict == "blind" for card in cards) else OK


COMMANDS: Mapping[str, Command] = {
    "look": Command(
        "say what a trained policy owes to its eyes; exit status 3 where it is blind",
        "ilsweep look runs/act-ot-stage1/trials/c0000-s0 --episodes 50\n"
        "  ilsweep look outputs/train/act_pusht --python lerobot-venv --env pusht",
        _arguments,
        _look,
    ),
}
