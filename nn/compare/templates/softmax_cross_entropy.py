"""Softmax and cross-entropy in one step, written by you.

Save this as a file, replace every `raise NotImplementedError` by your own code, and run

    tinygrad-lists compare my_softmax_cross_entropy.py

as often as you like: it says which gradient is wrong, where, and what kind of mistake it looks like.

One sample at a time: z is a list of scores (logits). (With `arrays = "numpy"` in the class you get a NumPy array, with
`labels = "index"` the number of the true class.)
"""

from __future__ import annotations

from typing import Any


class MySoftmaxCrossEntropy:
    """Equation (4) of the paper, from the scores.

    ==================  ============================================  ========================================
    what                shape                                         where
    ==================  ============================================  ========================================
    scores              (classes,)                                    first argument of `forward`
    label               (classes,): a 1 among zeros                   second argument of `forward`
    loss                one number                                    returned by `forward`
    gradient of input   (classes,)                                    returned by `backward`
    ==================  ============================================  ========================================
    """

    layer = "softmax-cross-entropy"

    def forward(self, z: Any, label: Any) -> Any:
        """Return the loss. Keep what `backward` will need.

        What happens with scores of 1,000? (Adding one number to all scores does not change the loss.)
        """
        self.z = z
        self.label = label
        raise NotImplementedError("fill in the forward pass of softmax with cross-entropy")

    def backward(self) -> Any:
        """Return the gradient of the scores.

        Derive it on paper first: the two steps together are much simpler than each alone.
        """
        raise NotImplementedError("fill in the backward pass of softmax with cross-entropy")
