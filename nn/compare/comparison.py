"""Handwritten gradients beside automatic ones."""

from __future__ import annotations

from typing import Any, Literal

from nn import Module

from .report import Report

__all__ = ["compare_gradients", "compare_layer"]

Mode = Literal["isolated", "chained", "both"]
Kind = Literal["float", "fraction"]


def compare_gradients(
    model: Module,
    handwritten: Any,
    x: Any,
    y: Any = None,
    *,
    criterion: Module | None = None,
    mode: Mode = "both",
    kind: Kind = "float",
    oracle: bool = True,
    seed: int = 0,
) -> Report:
    """Compare every activation and gradient of `model` (a Sequential) with those of `handwritten`.

    Args:
        handwritten: anything with ``.layers`` (dict or list) such as `nn.handwritten.Network`, or a dict or list of
            layers; an entry None was not handed in: its rows are UNTESTED and the automatic numbers stand in for it.
        x: batch (N, ...). y: class indices or one-hot rows; None: no loss, a random signed cotangent instead.
    """
    raise NotImplementedError


def compare_layer(
    module: Module | str,
    candidate: Any,
    x: Any = None,
    cotangent: Any = None,
    *,
    target: Any = None,
    input_shape: tuple[int, ...] | None = None,
    kind: Kind = "float",
    oracle: bool = True,
    seed: int = 0,
    path: str = "0",
) -> Report:
    """Compare one handwritten layer with the automatic one.

    Args:
        module: a layer of `nn`, or "conv2d", "dense", "relu", "maxpool2d", "flatten", "softmax", "cross-entropy", built
            from the candidate's parameters and attributes.
        x: batch (N, ...); or only `input_shape` (without N): then only random probes are tried.
        target: labels, for a loss.
    """
    raise NotImplementedError
