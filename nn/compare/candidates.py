"""The protocol of the handwritten side, and the error for a candidate that gives no answer.

A candidate has ``forward(x)``, ``backward(gradient)``, ``parameters()`` and ``gradients()`` as in `nn.handwritten`.
Optional: ``batched = True`` (it takes (N, ...) at once; else one sample at a time), ``set_parameters(dict)`` (else the
nested lists that ``parameters()`` returns are overwritten in place while other parameters are tried, and restored) and
``problems`` (a list of `Problem` that it noticed itself). A loss has ``forward(logits, one_hot_label)`` and
``backward()``, always for one sample.
"""

from __future__ import annotations

__all__ = ["CandidateError"]


class CandidateError(Exception):
    """A candidate did not give an answer that can be compared: it raised, took too long, returned None ...

    Runners raise it; the comparison catches it, records it as a `Remark`, and goes on with the rest.
    `what` is a stable key such as "raised" or "time limit"; see `problems.KINDS`.
    """

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what
