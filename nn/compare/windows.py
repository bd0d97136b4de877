"""Which elements a pooling window covers, as positions in the flat list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from ..layers import MaxPool2d
from .tensors import Shape

__all__ = ["covering", "windows_of"]


def windows_of(module: MaxPool2d, shape: Shape) -> Iterator[list[int]]:
    """For each output of a max pooling of (N, C, H, W), in row-major order, the positions that it looks at, row by row.

    >>> from nn import MaxPool2d
    >>> list(windows_of(MaxPool2d(2), (1, 1, 2, 4)))
    [[0, 1, 4, 5], [2, 3, 6, 7]]
    """
    samples, channels, height, width = shape
    kernel = _pair(module.kernel_size)
    stride = kernel if module.stride is None else _pair(module.stride)
    plane = _plane(height, width, kernel, stride, _pair(module.padding), _pair(module.dilation))
    for start in range(0, samples * channels * height * width, height * width):
        for window in plane:
            yield [start + i for i in window]


def covering(module: MaxPool2d) -> int:
    """In how many windows one element can lie.

    >>> from nn import MaxPool2d
    >>> covering(MaxPool2d(2)), covering(MaxPool2d(3, stride=1))
    (1, 9)
    """
    kernel = _pair(module.kernel_size)
    stride = kernel if module.stride is None else _pair(module.stride)
    return -(-kernel[0] // stride[0]) * -(-kernel[1] // stride[1])


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


@lru_cache(maxsize=64)
def _plane(
    height: int,
    width: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> list[list[int]]:
    def starts(size: int, axis: int) -> range:
        last = size + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1
        return range(-padding[axis], last - padding[axis] + 1, stride[axis])

    return [
        [
            row * width + column
            for row in range(top, top + kernel[0] * dilation[0], dilation[0])
            for column in range(left, left + kernel[1] * dilation[1], dilation[1])
            if 0 <= row < height and 0 <= column < width
        ]
        for top in starts(height, 0)
        for left in starts(width, 1)
    ]
