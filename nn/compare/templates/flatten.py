"""A flatten layer, written by you.

Save this as a file, replace every `raise NotImplementedError` by your own code, and run

    tinygrad-lists compare my_flatten.py

as often as you like: it says which gradient is wrong, where, and what kind of mistake it looks like.

One image at a time, in nested lists: x[c][i][j] is the number of channel c in row i and column j. (With `batch = True`
in the class you get a list of images instead, and with `arrays = "numpy"` NumPy arrays.)
"""

from __future__ import annotations

from typing import Any


class MyFlatten:
    """Write a volume as one row of numbers: channel by channel, row by row.

    ==================  ============================================  ========================================
    what                shape                                         where
    ==================  ============================================  ========================================
    input               (channels, height, width)                     argument of `forward`
    output              (channels times height times width,)          returned by `forward`
    gradient            that of the output                            argument of `backward`
    gradient of input   that of the input                             returned by `backward`
    ==================  ============================================  ========================================
    """

    layer = "flatten"

    def forward(self, x: Any) -> Any:
        """Return the output. Keep what `backward` will need."""
        self.x = x
        raise NotImplementedError("fill in the forward pass of flatten")

    def backward(self, gradient: Any) -> Any:
        """Return the gradient of the input.

        Nothing was computed, numbers only moved. Where did each come from? Do not change `gradient`.
        """
        raise NotImplementedError("fill in the backward pass of flatten")
