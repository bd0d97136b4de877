"""Computation graphs to look at: a recorded graph becomes one plain model, and the model becomes pictures.

`capture` reads Values and runs a backward pass; `draw` folds what is too large and writes files. All else works on the
model alone. Nothing in the engine imports this package.
"""

from __future__ import annotations

from .capture import capture
from .colour import colour
from .derived import capture_backward
from .diff import diff
from .dot import to_dot, to_graphviz
from .drawing import draw
from .expand import expand
from .failure import capture_failure, draw_on_error
from .fold import collapse, fit
from .json import to_dict, to_json
from .model import Edge, Flow, Graph, Group, Line, Mark, Node, OpText, Role, Step
from .raster import DrawingError
from .repeats import fold_repeats
from .summary import Summary
from .svg import to_svg
from .text import to_text

__all__ = [
    "DrawingError",
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
    "capture_backward",
    "capture_failure",
    "collapse",
    "colour",
    "diff",
    "draw",
    "draw_on_error",
    "expand",
    "fit",
    "fold_repeats",
    "to_dict",
    "to_dot",
    "to_graphviz",
    "to_json",
    "to_svg",
    "to_text",
]
