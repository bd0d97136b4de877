"""From findings to a report: problems become remarks, wrong rows are diagnosed."""

from __future__ import annotations

from collections.abc import Sequence

from .findings import Finding
from .report import Remark, Report

__all__ = ["assembled"]


def assembled(found: Sequence[Finding]) -> Report:
    """The report of a comparison."""
    remarks: dict[tuple[str, str, str], Remark] = {}
    for finding in found:
        row = finding.row
        for problem in finding.problems:
            remark = Remark(row.path, row.kind, problem.kind, problem.text)
            remarks.setdefault((row.path, problem.kind, problem.text), remark)
    return Report([finding.row for finding in found], list(remarks.values()))
