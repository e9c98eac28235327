"""Prints what a script's argparse takes, as JSON, in place of training. Standard library only.

It runs in the script's own environment: `python argparse_options.py train.py`. The script is run
as for `--help`, up to where it parses its arguments.
"""

import argparse
import json
import os
import runpy
import sys

MARK = "ilsweep-options:"


def option(action: argparse.Action) -> "dict[str, object]":
    """An option as JSON has it."""
    plain = (bool, int, float, str, list, type(None))
    default = action.default
    if isinstance(default, os.PathLike):
        default = os.fspath(default)
    return {
        "name": action.dest,
        "flag": next((o for o in action.option_strings if o.startswith("--")), ""),
        "default": default if isinstance(default, plain) else None,
        "type": getattr(action.type, "__name__", "") if action.type else "",
        "choices": [c for c in action.choices or [] if isinstance(c, (bool, int, float, str))],
        "help": action.help or "",
        "required": bool(action.required),
        "takes_value": action.nargs != 0,
        "several": action.nargs not in (None, 0, "?"),
    }


def tell(parser: argparse.ArgumentParser, *args: object, **kwargs: object) -> None:
    """In place of `parse_known_args`."""
    hidden = (argparse._HelpAction, argparse._VersionAction, argparse._SubParsersAction)
    found = [option(a) for a in parser._actions if not isinstance(a, hidden)]
    print(MARK + json.dumps(found, default=str), flush=True)
    os._exit(0)


if __name__ == "__main__":
    script = sys.argv[1]
    argparse.ArgumentParser.parse_known_args = tell  # type: ignore[method-assign, assignment]
    sys.argv = [script, "--help"]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    runpy.run_path(script, run_name="__main__")
