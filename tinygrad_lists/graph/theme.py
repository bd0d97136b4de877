"""Colours and fonts of the SVG pictures, for light and dark pages.

Roles differ in colour and in the form of the box, so that they can be told apart without colours: leaves are round,
constants dashed, outputs thick, folded groups double. The colours are tints of Okabe and Ito's (2008).
"""

from __future__ import annotations

__all__ = ["FONT", "FONT_SIZE", "SMALL_SIZE", "css"]

FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
FONT_SIZE, SMALL_SIZE = 12.5, 10.5

#: Role: fill and border, light and dark.
_ROLES = {
    "input": ("#d7ebf8", "#0072b2", "#123a52", "#56b4e9"),
    "parameter": ("#fdedcd", "#b87400", "#4a3508", "#e69f00"),
    "constant": ("#eeeff1", "#7b828c", "#2c3138", "#8b939e"),
    "operation": ("#ffffff", "#57606c", "#1d2229", "#97a1ad"),
    "output": ("#d4f0e6", "#007a59", "#0c3f31", "#2bc79c"),
    "group": ("#ebe7f6", "#6a5aa0", "#322b4d", "#a99be0"),
    "failed": ("#fde0d2", "#c04f00", "#572208", "#ff8a4c"),
}

_VERDICTS = {
    "good": ("#007a59", "#2bc79c"),
    "fair": ("#0072b2", "#56b4e9"),
    "doubtful": ("#8a6d00", "#f0e442"),
    "bad": ("#c04f00", "#ff8a4c"),
}


def css() -> str:
    """The style sheet; every rule begins with the picture's own class, so that it touches nothing else on a page."""
    light = [f".tgl {{ font-family: {FONT}; font-size: {FONT_SIZE}px; }}"]
    light += [
        ".tgl .page { fill: #ffffff; }",
        ".tgl text { fill: #1b2129; }",
        ".tgl .small, .tgl .small text { font-size: 10.5px; }",
        ".tgl .faint { fill: #59626e; }",
        ".tgl .title { font-weight: bold; }",
        ".tgl .grad { fill: #7a3e9d; }",
        ".tgl .warning { fill: #b3261e; font-weight: bold; }",
        ".tgl .cluster { fill: #5b6b80; fill-opacity: 0.06; stroke: #9aa5b1; stroke-width: 1; }",
        ".tgl .edge { fill: none; stroke: #76808c; }",
        ".tgl .none { stroke: #b3bac2; stroke-dasharray: 2 3; }",
        ".tgl .zero { stroke-dasharray: 6 3; }",
        ".tgl .arrow { fill: #76808c; }",
        ".tgl .plate { fill: #ffffff; fill-opacity: 0.92; }",
        ".tgl .frame { fill: none; stroke: #9aa5b1; stroke-width: 0.75; }",
        ".tgl .strip { stroke: #57606c; stroke-width: 0.75; }",
        ".tgl .hollow { fill: #ffffff; }",
        ".tgl .strange { fill: #b3261e; }",
        ".tgl .box { stroke-width: 1.25; }",
        ".tgl .leaf.constant { stroke-dasharray: 4 2; }",
        ".tgl .box.output { stroke-width: 2.5; }",
    ]
    dark = [
        ".tgl .page { fill: #14181d; }",
        ".tgl text { fill: #e6eaef; }",
        ".tgl .faint { fill: #a4adb8; }",
        ".tgl .grad { fill: #d3a4ef; }",
        ".tgl .warning { fill: #ff9d94; }",
        ".tgl .cluster { fill: #a9b6c6; stroke: #55606d; }",
        ".tgl .edge { stroke: #8c97a3; }",
        ".tgl .none { stroke: #505a66; }",
        ".tgl .arrow { fill: #8c97a3; }",
        ".tgl .plate { fill: #14181d; }",
        ".tgl .hollow { fill: #14181d; }",
        ".tgl .strange { fill: #ff9d94; }",
        ".tgl .strip { stroke: #97a1ad; }",
    ]
    for role, (fill, border, dark_fill, dark_border) in _ROLES.items():
        light.append(f".tgl .box.{role} {{ fill: {fill}; stroke: {border}; }}")
        dark.append(f".tgl .box.{role} {{ fill: {dark_fill}; stroke: {dark_border}; }}")
    for verdict, (colour, dark_colour) in _VERDICTS.items():
        light.append(f".tgl text.{verdict} {{ fill: {colour}; font-weight: bold; }}")
        light.append(f".tgl .ring.{verdict} {{ fill: none; stroke: {colour}; stroke-width: 3; }}")
        dark.append(f".tgl text.{verdict} {{ fill: {dark_colour}; }} .tgl .ring.{verdict} {{ stroke: {dark_colour}; }}")
    return "\n".join([*light, "@media (prefers-color-scheme: dark) {", *dark, "}"])
