"""Hints that name a mistake without giving the formula away: what it looks like, and what to ask oneself."""

from __future__ import annotations

from .metrics import Metrics
from .report import Row, Verdict

__all__ = ["HINTS", "hint", "hint_for"]

#: Name of a diagnosis -> hint.
HINTS = {
    # of any tensor
    "sign": "A sign is wrong. Where does a minus come from, or get lost?",
    "zero": "It is zero everywhere. Is it computed at all, and kept under the right name?",
    "factor": "All of it is right but for one constant factor. Where is something counted too often, or left out?",
    "factor 2": "It is twice what it should be. Is something added twice?",
    "factor 1/2": "It is half of what it should be. What has been averaged, or halved, that should not?",
    "absolute value": "Signs are lost on the way. Who takes an absolute value?",
    "transposed": "The numbers are right, but two axes have changed places. Check the shapes of what you multiply.",
    "reversed": "The order of an axis is reversed.",
    "another order": "The numbers are right, but in another order. In which order did forward read them?",
    "off by one": "An index is one beside, or a loop is one too short. Look at the first and the last.",
    "part missing": "A part of it is left out of a loop. Which, and does the loop run over all of it?",
    "one element": "A single number is wrong, all others are right. What is special about its place?",
    "overwritten": "Something is overwritten where it should be added up: only one term of a sum is left.",
    "not reset": "Numbers of an earlier pass are still in it. What has to begin at zero each time?",
    "random": "It is different at every call. What in it is random, or was never set?",
    "stale": "It belongs to an earlier pass. Which of the numbers that you keep are not those of the last forward?",
    "missing sum over the batch": "Only one sample of the batch counts. Whose gradients belong together?",
    "missing samples": "Some samples of the batch do not count.",
    "summed over the batch": "Samples are mixed that have nothing to do with each other.",
    "samples mixed up": "Each sample has what belongs to another one.",
    "missing sum over a broadcast axis": "It has an axis too many. What was used many times in forward?",
    "summed over the filters": "Filters are mixed that have nothing to do with each other here.",
    "summed over the channels": "Channels are mixed that have nothing to do with each other here.",
    "summed over the outputs": "Outputs are mixed that have nothing to do with each other here.",
    "channels mixed up": "Each channel, filter or element has what belongs to another one. Check the index.",
    "indices mixed up": "Two indices in a sum have changed places. Which is summed over?",
    "upstream ignored": "The gradient that came from the layer behind is not used. Where does the chain rule put it?",
    "upstream wrong": "Something else stands where the gradient of the layer behind belongs.",
    "input ignored": "The input is not used. What does the output's change depend on, if this number changes?",
    "input wrong": "Something else stands where the input belongs.",
    "input too much": "It is multiplied by something that the derivative does not contain.",
    "output too much": "It is multiplied by the output, which the derivative does not contain.",
    "weights ignored": "The weights are not used.",
    "weights added": "The parameters themselves are mixed in. Weight decay belongs to the optimiser.",
    "mask too much": "Some of it is cut off by a mask that belongs to another layer.",
    "precision": "Digits are lost on the way: something is rounded, or kept in single precision.",
    "shape": "It has the wrong shape.",
    "not reshaped": "The numbers are there, but not in the shape that is wanted.",
    "not finite": "It is not finite. What is divided by, or taken the logarithm of?",
    # convolution and dense
    "kernel flipped": "The kernel is turned round. Which weight met this number in the forward pass?",
    "bias forgotten": "The bias is forgotten. Where does it come in, and how often?",
    "bias": "Something is wrong with the bias alone. How often, and to what, is it added?",
    "stride ignored": "It is right only for stride 1. Where does the window of an output begin?",
    "padding": "The padding is not taken off, or put on, where it should be.",
    "height and width mixed up": "Height and width are mixed up: it would be right for square images.",
    "ReLU too much": "There is a ReLU in it that nobody asked for.",
    # pooling
    "ties duplicated": "Equal maxima get the gradient more than once. How many of them may have it?",
    "wrong place": "The gradient goes to another number than the maximum. Which number did the output come from?",
    "window origin forgotten": "It goes to the right place of the wrong window. Where does the window begin?",
    "spread evenly": "The gradient is spread over the window. Does each number have the same influence on a maximum?",
    "whole window": "Every number of the window gets the gradient. Which of them has an influence on the maximum?",
    "mean instead of maximum": "The output is the mean of the window.",
    "minimum instead of maximum": "The output is the smallest number of the window.",
    "sum instead of maximum": "The output is the sum of the window.",
    "starts from 0": "Windows of negative numbers come out wrong. What does the search for the maximum begin with?",
    "wrong element": "The output is not the maximum, but always the same element of the window.",
    # ReLU and other functions of elements
    "mask missing": "The gradient is handed on as it came. Which inputs have an influence on the output?",
    "mask inverted": "The gradient passes just where it should not.",
    "mask on the wrong tensor": "The mask is made from the wrong numbers. Whose sign decided in the forward pass?",
    "mask instead of value": "The output is the mask itself.",
    "wrong threshold": "The gradient is cut off at another number than the output.",
    "leaky": "Some of the gradient leaks through where nothing should pass.",
    "no ReLU": "The output is the input.",
    "ReLU inverted": "The wrong half of the numbers is kept.",
    "no activation": "The output is the input.",
    "clipped": "Numbers are cut off at the wrong place.",
    "derivative missing": "The gradient is handed on as it came: the derivative is missing.",
    "derivative of another number": "The derivative is taken at the wrong number.",
    "output instead of derivative": "The output stands where the derivative belongs.",
    # softmax and cross-entropy
    "diagonal softmax Jacobian": "One score changes more than one probability. Are all of them counted?",
    "off the diagonal only": "The probability of the score's own class is not counted.",
    "sum missing": "A part of the derivative is missing: one of two terms, or a factor.",
    "Jacobian missing": "The gradient is handed on as it came: the softmax is not derived.",
    "Jacobian too much": "The softmax is derived twice.",
    "softmax forgotten": "It is the gradient of the probabilities, not of the scores.",
    "gradient of the logits": "It is the gradient of the scores, not of the probabilities.",
    "not normalised": "The probabilities do not add up to one.",
    "sigmoid": "Each number is looked at alone, as in a sigmoid.",
    "logarithm": "A logarithm, or its derivative, is missing, too much, or of the wrong base.",
    "epsilon": "A small number is added where none belongs, against dividing by zero perhaps.",
    "label forgotten": "The label is not used. What would change with another label?",
    "wrong class": "Another class is taken for the true one.",
    "all classes": "All classes count, where one should.",
    "other classes only": "The true class has no gradient.",
    "squared error": "It belongs to the squared error, which is another loss.",
}

_UNKNOWN = "Some numbers are wrong, and not in a way that is well known."


def hint_for(name: str) -> str:
    """The hint for a diagnosis; "" where nothing is known.

    >>> hint_for("divided by N")
    'All of it is right, but divided by N. What is averaged, and by whom?'
    """
    if name.startswith("divided by "):
        return f"All of it is right, but {name}. What is averaged, and by whom?"
    if name.startswith("times "):
        return f"All of it is right, but {name}. What has to be averaged, and by whom?"
    return HINTS.get(name, "")


def hint(row: Row) -> str:
    """What to tell about a wrong row; "" for any other."""
    if row.verdict is not Verdict.WRONG:
        return ""
    if row.metrics is None:
        return f"There is nothing to judge: {row.note}"
    said = hint_for(row.diagnosis.name) if row.diagnosis is not None else ""
    if row.metrics.handwritten_shape != row.metrics.automatic_shape:
        return f"{said} {_shapes(row.metrics)}".strip()
    if said:
        return said
    where = f" {row.pattern[0].upper()}{row.pattern[1:].rstrip('.')}." if row.pattern else ""
    return f"{_UNKNOWN}{where} Derive one of them on paper."


def _shapes(metrics: Metrics) -> str:
    return f"The shape is {metrics.handwritten_shape}; expected is {metrics.automatic_shape}."
