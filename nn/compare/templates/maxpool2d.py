"""A max pooling layer, written by you.

Save this as a file, replace every `raise NotImplementedError` by your own code, and run

    tinygrad-lists compare my_maxpool2d.py

as often as you like: it says which gradient is wrong, where, and what kind of mistake it looks like.

One image at a time, in nested lists: x[c][i][j] is the number of channel c in row i and column j. (With `batch = True`
in the class you get a list of images instead, and with `arrays = "numpy"` NumPy arrays.)
"""

from __future__ import annotations

from typing import Any


class MyMaxPool2d:
    """Keep the largest number of every window (paper, section II.A.2).

    ==================  ============================================  ========================================
    what                shape                                         where
    ==================  ============================================  ========================================
    input               (channels, height, width)                     argument of `forward`
    output              (channels, out_height, out_width)             returned by `forward`
    gradient            that of the output                            argument of `backward`
    gradient of input   that of the input                             returned by `backward`
    ==================  ============================================  ========================================

    Windows are `size` by `size` and stand side by side. Rows and columns that fill no whole window are left out.
    """

    layer = "maxpool2d"

    def __init__(self, size: int) -> None:
        self.size = size

    def forward(self, x: Any) -> Any:
        """Return the output. Keep what `backward` will need.

        Where was the largest number of each window? If it stands there twice, take the first, row by row.
        """
        self.x = x
        raise NotImplementedError("fill in the forward pass of max pooling")

    def backward(self, gradient: Any) -> Any:
        """Return the gradient of the input.

        If one input grows by a little, which output changes, if any? Do not change `gradient`.
        """
        raise NotImplementedError("fill in the backward pass of max pooling")
