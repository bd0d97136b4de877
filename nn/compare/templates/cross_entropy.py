"""The cross-entropy loss, written by you.

Save this as a file, replace every `raise NotImplementedError` by your own code, and run

    tinygrad-lists compare my_cross_entropy.py

as often as you like: it says which gradient is wrong, where, and what kind of mistake it looks like.

One sample at a time: p is a list of probabilities. (With `arrays = "numpy"` in the class you get a NumPy array, with
`labels = "index"` the number of the true class.)
"""

from __future__ import annotations

from typing import Any


class MyCrossEntropy:
    """Equation (4) of the paper, on probabilities.

    ==================  ============================================  ========================================
    what                shape                                         where
    ==================  ============================================  ========================================
    probabilities       (classes,)                                    first argument of `forward`
    label               (classes,): a 1 among zeros                   second argument of `forward`
    loss                one number                                    returned by `forward`
    gradient of input   (classes,)                                    returned by `backward`
    ==================  ============================================  ========================================
    """

    layer = "cross-entropy"

    def forward(self, p: Any, label: Any) -> Any:
        """Return the loss. Keep what `backward` will need."""
        self.p = p
        self.label = label
        raise NotImplementedError("fill in the forward pass of cross-entropy")

    def backward(self) -> Any:
        """Return the gradient of the probabilities.

        Which of them does the loss depend on? Does it grow or shrink with it?
        """
        raise NotImplementedError("fill in the backward pass of cross-entropy")
