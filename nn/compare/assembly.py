"""From findings to a report: problems become remarks, wrong rows are diagnosed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .diagnosis import Case, diagnose
from .findings import Finding
from .patterns import pattern
from .report import Remark, Report, Verdict

__all__ = ["assembled"]


def assembled(found: Sequence[Finding]) -> Report:
    """The report of a comparison. Layers that are wrong by themselves are diagnosed; in the chain, where one mistake
    makes everything behind it wrong, only the first guilty row is, and only if no layer is wrong by itself."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        if finding.row.mode != "chained":
            groups.setdefault((finding.row.path, finding.row.tensor), []).append(finding)
    for group in groups.values():
        _diagnose(group)
    report = Report([finding.row for finding in found])
    guilty = report.first_guilty
    if guilty is not None and guilty.mode == "chained":
        _diagnose([finding for finding in found if finding.row is guilty])
    return Report([finding.row for finding in found], _remarks(found))


def _diagnose(group: Sequence[Finding]) -> None:
    """Explain the wrong rows of one tensor together."""
    tensor = group[0].row.tensor
    given = [f for f in group if f.handwritten is not None and f.row.verdict is not Verdict.UNTESTED]
    memory = next((f.memory for f in group if f.memory), "")
    cases = [Case(tensor, f.trace, f.handwritten, f.row.verdict, memory) for f in given if f.handwritten is not None]
    diagnosis = diagnose(cases)
    for finding in group:
        row = finding.row
        if row.verdict in (Verdict.WRONG, Verdict.KINK) and finding.handwritten is not None:
            where = pattern(row.kind, tensor, row.outside, finding.handwritten, finding.right)
            finding.row = replace(row, diagnosis=diagnosis, pattern=where)


def _remarks(found: Iterable[Finding]) -> list[Remark]:
    """Each problem of a layer once."""
    remarks: dict[tuple[str, str, str], Remark] = {}
    for finding in found:
        row = finding.row
        for problem in finding.problems:
            remark = Remark(row.path, row.kind, problem.kind, problem.text)
            remarks.setdefault((row.path, problem.kind, problem.text), remark)
    return list(remarks.values())
