"""The command line: ``tinygrad-lists COMMAND ...``, the same as ``python -m nn COMMAND ...``.

Exit status: 0 good, 1 a check failed, 2 bad input (one clear line on standard error), 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import tinygrad_lists

from .commands import bench, compare, draw, predict, train

__all__ = ["main"]

COMMANDS = {
    "bench": (bench, "time a compiled training step beside whatever peers are installed; show or clear the cache"),
    "compare": (compare, "compare gradients written by hand with automatic ones, layer by layer"),
    "draw": (draw, "draw the computation graph of an expression, a program or the paper's network"),
    "predict": (predict, "read digits, your own drawings too, with a trained network; accuracy where labels are known"),
    "train": (train, "train the paper's network on MNIST (by default exactly as in the paper)"),
}


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


class _CommandParser(_Parser):
    """A parser that takes options anywhere, also between a run and its images, where argparse itself would stop."""

    _mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; the inner call is the one that argparse makes of its own."""
        if self._mixing:
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            known, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False
        if unknown:
            near = difflib.get_close_matches(unknown[0].split("=")[0], self._option_string_actions, n=1, cutoff=0.8)
            hint = f"; did you mean {near[0]}?" if near else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return known, unknown


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(prog="tinygrad-lists", description="Autograd on plain Python lists.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_CommandParser)
    for name, (module, description) in COMMANDS.items():
        command = commands.add_parser(
            name, help=description, description=description[0].upper() + description[1:] + "."
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; bad input gives one line and status 2."""
    arguments = build_parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except (ValueError, OSError, tinygrad_lists.JitError) as error:
        words = str(error)
        if isinstance(error, OSError) and error.filename is not None:  # the system's "[Errno 2] No such file ..."
            words = f"{error.filename}: {error.strerror}"
        print(f"tinygrad-lists {arguments.command}: {' '.join(words.split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"tinygrad-lists {arguments.command}: stopped", file=sys.stderr)
        return 130
    return status
