"""A softmax layer, written by you.

Save this as a file, replace every `raise NotImplementedError` by your own code, and run

    tinygrad-lists compare my_softmax.py

as often as you like: it says which gradient is wrong, where, and what kind of mistake it looks like.

One sample at a time: z is a list of numbers. (With `batch = True` in the class you get a list of samples instead, and
with `arrays = "numpy"` NumPy arrays.)
"""

from __future__ import annotations

from typing import Any


class MySoftmax:
    """From scores to probabilities: all positive, and their sum is 1.

    ==================  ============================================  ========================================
    what                shape                                         where
    ==================  ============================================  ========================================
    input               (classes,)                                    argument of `forward`
    output              (classes,)                                    returned by `forward`
    gradient            (classes,), that of the output                argument of `backward`
    gradient of input   (classes,)                                    returned by `backward`
    ==================  ============================================  ========================================
    """

    layer = "softmax"

    def forward(self, z: Any) -> Any:
        """Return the probabilities. Keep what `backward` will need.

        What happens with scores of 1,000? (Adding one number to all scores does not change the probabilities.)
        """
        self.z = z
        raise NotImplementedError("fill in the forward pass of softmax")

    def backward(self, gradient: Any) -> Any:
        """Return the gradient of the input.

        If one score grows, which probabilities change? Do not change `gradient`.
        """
        raise NotImplementedError("fill in the backward pass of softmax")
