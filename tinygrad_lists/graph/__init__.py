"""Computation graphs to look at: a recorded graph becomes one plain model, and the model becomes pictures."""

from __future__ import annotations

from .capture import capture
from .json import to_dict, to_json
from .model import Edge, Flow, Graph, Group, Line, Mark, Node, OpText, Role, Step
from .summary import Summary

__all__ = [
    "Edge",
    "Flow",
    "Graph",
    "Group",
    "Line",
    "Mark",
    "Node",
    "OpText",
    "Role",
    "Step",
    "Summary",
    "capture",
    "to_dict",
    "to_json",
]
