"""The command line: one command, its exit status, and one line for whatever a user can mend."""

from __future__ import annotations

import os
import sys

from ilsweep.sweeps.exit_codes import FAILED, INTERRUPTED, OK, WRONG_INPUT
from ilsweep.sweeps.processes import streams
from ilsweep.sweeps.processes.encoding import escape_what_is_missing
from ilsweep.sweeps.processes.signals import interruptible, leaving

# Looking for plugins of pydantic's costs more than checking a spec.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit status is 0 done, 1 something failed, 2 wrong input.

    Without `argv` it is the whole program's, whose arguments they are.
    """
    with interruptible(for_good=argv is None):
        escape_what_is_missing()
        if argv is None:
            streams.prepare()
        return _main(argv)


def _main(argv: list[str] | None) -> int:
    from ilsweep.sweeps.errors import IlsweepError

    try:
        status = _command(argv)
    except IlsweepError as error:
        print(error, file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        streams.give_up_output()
        sys.stderr.close()
        return OK
    except streams.Unwritable as error:
        streams.give_up_output()
        print(f"standard output: cannot be written ({error.strerror})", file=sys.stderr)
        return FAILED
    return status


def _command(argv: list[str] | None) -> int:
    from ilsweep.sweeps.cli.table import COMMANDS, parser

    try:
        args = parser().parse_args(argv)
        command = COMMANDS[args.command]
        with leaving(lambda: command.interrupted(args)):
            return command.run(args)
    finally:
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
