"""`ilsweep look`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from ilsweep.sweeps.cli.arguments import Command, positive, takes_json
from ilsweep.sweeps.exit_codes import BLIND, INTERRUPTED, OK
from ilsweep.sweeps.processes.signals import leaving


def _arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "checkpoints",
        nargs="+",
        type=Path,
        metavar="CHECKPOINT",
        help="a trial's folder, or one of its checkpoints",
    )
    sub.add_argument(
        "--episodes",
        type=positive,
        default=50,
        metavar="N",
        help="at most so many episodes of each variant (default: 50)",
    )
    takes_json(sub)


def _look(args: argparse.Namespace) -> int:
    from ilsweep.analysis.card.text import card_text
    from ilsweep.analysis.records.files import to_json
    from ilsweep.sweeps.workflow.look import look_at

    cards = []
    stopped = "interrupted; nothing of this checkpoint is kept"
    try:
        for path in args.checkpoints:
            with leaving(lambda: stopped):
                card, file = look_at(path, args.episodes)
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
        "ilsweep look runs/act-ot-stage1/trials/c0000-s0 --episodes 50",
        _arguments,
        _look,
    ),
}
