"""The settings of a run: defaults, then those of a TOML file, then those of the command line; and the way back."""

from __future__ import annotations

import argparse
import difflib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .train_options import LEARNING_RATES, OPTIONS, WEIGHT_DECAYS, Option

__all__ = ["as_toml", "checked", "defaults", "given_options", "settings_of"]


def given_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What stands on the command line."""
    return {key: value for key, value in vars(arguments).items() if key in OPTIONS}


def settings_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """All settings: defaults, then those of the file, then those of the command line. ValueError for a bad file."""
    from_file = read_toml(arguments.config) if arguments.config else {}
    settings = {**defaults(), **from_file, **given_options(arguments)}
    for key, usual in (("lr", LEARNING_RATES), ("weight_decay", WEIGHT_DECAYS)):
        if settings[key] is None:
            settings[key] = usual[settings["optimiser"]]
    if settings["decay"] is None:
        settings["decay"] = 0.9 if settings["schedule"] == "exponential" else 0.1
    return settings


def defaults() -> dict[str, Any]:
    """What every option is when nobody says anything."""
    return {key: option.default for key, option in OPTIONS.items()}


def read_toml(path: str) -> dict[str, Any]:
    """Settings from a file: option names as keys, at the top or in tables, which are for the eye.

    Raises ValueError naming the file, the key and what is wrong; an unknown key is told the nearest known one.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    flat: dict[str, Any] = {}
    for key, value in content.items():
        for inner, number in value.items() if isinstance(value, dict) else [(key, value)]:
            name = known(inner, path)
            if name in flat:
                raise ValueError(f"{path}: {inner} is given twice")
            flat[name] = number
    return {key: checked(OPTIONS[key], value, path) for key, value in flat.items()}


def known(key: str, path: str) -> str:
    """The option that a key of a file means; ValueError, with the nearest known one, for another."""
    name = key.replace("-", "_")
    if name not in OPTIONS:
        near = difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.5)
        hint = f"; did you mean {OPTIONS[near[0]].name}?" if near else f"; known are {', '.join(sorted(OPTIONS))}"
        raise ValueError(f"{path}: unknown key {key!r}{hint}")
    return name


def checked(option: Option, value: Any, path: str) -> Any:
    """The setting that a TOML value means. ValueError for one of the wrong type or out of range."""
    kind, isnt = option.kind, f"{path}: {option.name}: {value!r:.60} is not"
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{isnt} true or false")
        return value
    if isinstance(kind, tuple):
        if value not in kind:
            raise ValueError(f"{isnt} one of {', '.join(kind)}")
        return value
    if kind is str:
        if not isinstance(value, str):
            raise ValueError(f"{isnt} a text")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{isnt} a number")
    try:
        return kind(repr(value))
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"{path}: {option.name}: {error}") from None
    except ValueError:
        raise ValueError(f"{isnt} an int") from None


def as_toml(settings: Mapping[str, Any]) -> str:
    """The settings as a file that ``--config`` reads; what is not set is left out.

    >>> print(as_toml({"lr": 0.03, "jit": False, "out": None, "init": "sine"}), end="")
    lr = 0.03
    jit = false
    init = "sine"
    """
    # A JSON text, bool or number is TOML as well, but for this one character.
    texts = {
        k: json.dumps(v, ensure_ascii=False).replace("\x7f", "\\u007f") for k, v in settings.items() if v is not None
    }
    return "".join(f"{OPTIONS[key].name} = {text}\n" for key, text in texts.items())
