"""What every test of a refused command asks."""

from __future__ import annotations

from typing import Any

import pytest

from nn.cli import main

__all__ = ["fails"]


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a command that ends with status 2."""
    capsys.readouterr()
    try:
        status: Any = main(arguments)
    except SystemExit as stop:
        status = stop.code
    err = capsys.readouterr().err
    assert status == 2
    assert err.count("\n") == 1
    return err
