"""A layered layout without `dot`: ranks, few crossings, straight lines, modules kept together."""

from __future__ import annotations

from .compose import Box, Layout, Measure, lay_out

__all__ = ["Box", "Layout", "Measure", "lay_out"]
