"""What becomes of one digit on its way through the network."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

from tinygrad_lists import Value, no_grad

from ..checks import check_kind, check_size
from ..data import Image
from ..layers import Conv2d
from ..module import Module
from .base import figure, save, show, title

__all__ = ["feature_maps", "plot_features"]


def feature_maps(model: Module, image: Image) -> list[tuple[str, str, Any]]:
    """The path, the kind and the output (C, H, W) of every layer that makes maps from one image (C, H, W).

    >>> import nn
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Dense(8, 2))
    >>> [(path, kind, len(maps)) for path, kind, maps in feature_maps(model, [[[0.5] * 4] * 4])]
    [('0', 'Conv2d', 2), ('1', 'ReLU', 2)]
    """
    check_kind("feature_maps", "model", model, Module, "a Module")
    found: list[tuple[str, str, Any]] = []
    training = model.training
    with ExitStack() as stack, no_grad():
        for path, module in model.named_modules():
            if not any(True for _ in module.named_children()):

                def keep(module: Module, inputs: Any, output: Value, path: str = path) -> None:
                    if output.ndim == 4:
                        found.append((path, type(module).__name__, output.data[0]))

                stack.enter_context(module.register_forward_hook(keep))
        model.eval()([image])
    model.train(training)
    return found


def plot_features(model: Module, image: Image, path: str | os.PathLike[str], columns: int = 8) -> None:
    """The digit, and below it its maps after each convolution and its activation: the darker, the stronger.

    Each layer has a grey scale of its own, which ends at its strongest place.

    Raises:
        ValueError: the model has no layer that makes maps.
    """
    columns = check_size("plot_features", "columns", columns)
    layers = _activated(feature_maps(model, image))
    if not layers:
        raise ValueError("plot_features: no layer of the model makes maps (N, C, H, W); there is nothing to show")
    heights = [-(-len(maps) // columns) for _, _, maps in layers]
    picture = figure(1.05 * columns, 1.55 + sum(1.12 * height + 0.3 for height in heights) + 0.35)
    parts = picture.subfigures(1 + len(layers), 1, height_ratios=[1.55, *(1.12 * height + 0.3 for height in heights)])
    parts[0].suptitle(f"the image: {len(image[0])} x {len(image[0][0])}", fontsize=9, x=0.02, ha="left")
    show(parts[0].add_subplot(1, columns, (1, 1)), image[0])
    for part, height, (name, kind, maps) in zip(parts[1:], heights, layers, strict=True):
        size = f"{len(maps)} maps of {len(maps[0])} x {len(maps[0][0])}"
        part.suptitle(f"after layer {name} ({kind}): {size}", fontsize=9, x=0.02, ha="left")
        strongest = max(max(map(max, map_)) for map_ in maps) or 1.0
        for i, map_ in enumerate(maps):
            show(part.add_subplot(height, columns, i + 1), map_, 0, strongest)
    title(picture, "What the layers see in one digit", 11)
    save(picture, path)


def _activated(layers: list[tuple[str, str, Any]]) -> list[tuple[str, str, Any]]:
    """Of every convolution, what the next layer makes of it, where that keeps its size: the activation."""
    kept = []
    for i, here in enumerate(layers):
        after = layers[i + 1] if i + 1 < len(layers) else None
        if here[1] == Conv2d.__name__:
            same = after is not None and len(after[2][0]) == len(here[2][0]) and len(after[2]) == len(here[2])
            kept.append(after if same and after is not None else here)
    return kept or layers
