"""A report as one self-contained HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .markdown import markdown

if TYPE_CHECKING:
    from ..report import Report

__all__ = ["html_page"]


def html_page(report: Report) -> str:
    """The page."""
    return markdown(report)
