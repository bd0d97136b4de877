"""The handwritten side: layers of a protocol, run on samples or batches and never trusted.

A candidate has ``forward(x)``, ``backward(gradient)``, ``parameters()``, ``gradients()`` as in `nn.handwritten`. Optional:
``batched = True`` (it takes (N, ...) at once; else one sample at a time) and ``set_parameters(dict)`` (else the nested
lists that ``parameters()`` returns are overwritten in place while random parameters are tried, and restored).
A loss candidate has ``forward(logits, one_hot_label)`` and ``backward()``.
"""

from __future__ import annotations

__all__ = ["CandidateError"]


class CandidateError(Exception):
    """A candidate did not give an answer that can be compared: it raised, took too long, returned None ...

    Runners raise it; the comparison catches it, records ``Remark(path, kind, what, message)`` and goes on with the rest.
    `what` is a stable key: "raised", "time limit", "no answer", "not a number", "ragged", "crashed", ...
    """

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what
