"""A report as JSON.

Stable: keys are only ever added. Numbers that JSON does not have are strings: "nan", "inf", "-inf", and Fractions as
"1/3". See `SCHEMA` for what each object holds.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..report import Report, Row

__all__ = ["FORMAT", "VERSION", "json_text"]

FORMAT = "tinygrad-lists compare"
VERSION = 1


def json_text(report: Report) -> str:
    """The whole report but the maps of errors."""
    guilty = report.first_guilty
    record = {
        "format": FORMAT,
        "version": VERSION,
        "ok": report.ok,
        "first_guilty": None
        if guilty is None
        else {"path": guilty.path, "kind": guilty.kind, "tensor": guilty.tensor, "mode": guilty.mode},
        "guilty": report.guilty,
        "rows": [_row(row) for row in report.rows],
        "remarks": [asdict(remark) for remark in report.remarks],
    }
    return json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)


def _row(row: Row) -> dict[str, Any]:
    return {
        "path": row.path,
        "kind": row.kind,
        "tensor": row.tensor,
        "mode": row.mode,
        "verdict": row.verdict.value,
        "metrics": None if row.metrics is None else _plain(asdict(row.metrics)),
        "worst": None if row.worst is None else _plain(asdict(row.worst)),
        "diagnosis": None if row.diagnosis is None else _plain(asdict(row.diagnosis)),
        "pattern": row.pattern,
        "note": row.note,
        "tested": row.tested,
        "wrong_elements": len(row.outside),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Fraction):
        return str(value) if value.denominator != 1 else f"{value.numerator}"
    if isinstance(value, Decimal):
        return str(+value)
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value
