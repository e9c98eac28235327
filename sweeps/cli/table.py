"""All commands, as `ilsweep --help` lists them; a command is one entry of its file's table."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from ilsweep.sweeps.cli import analysis, cluster, look, numbers, specs, sweeps, validate
from ilsweep.sweeps.cli.arguments import Command

COMMANDS: Mapping[str, Command] = {
    **sweeps.COMMANDS,
    **validate.COMMANDS,
    **specs.COMMANDS,
    **cluster.COMMANDS,
    **analysis.COMMANDS,
    **look.COMMANDS,
    **numbers.COMMANDS,
}


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; it leaves the command's name in `command`."""
    whole = argparse.ArgumentParser(
        prog="ilsweep",
        description="Sweeps of imitation-learning policies that look at behaviour, not only loss.",
        epilog="Each command has --help with an example.",
    )
    commands = whole.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.about,
            description=command.about[0].upper() + command.about[1:] + ".",
            epilog=f"example:\n  {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.arguments(sub)
    return whole
