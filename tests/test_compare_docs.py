"""docs/comparing.md names every diagnosis that can be made, and no other."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

from test_compare_diagnosis import LAYERS, traces_of
from test_compare_verdicts import tensors_of

from nn.compare.mistakes import mistakes
from nn.compare.report import Verdict

ROOT = Path(__file__).resolve().parents[1]


def names_in_the_code() -> set[str]:
    found = set()
    for layer in LAYERS:
        trace = traces_of(layer)[0]
        for tensor, _ in tensors_of(trace):
            found |= {hypothesis.name for hypothesis in chain(*mistakes(trace.module, tensor))}
    for module in ("symptoms", "diagnosis"):
        source = (ROOT / "nn" / "compare" / f"{module}.py").read_text(encoding="utf-8")
        found |= set(re.findall(r'Diagnosis\(\s*"([^"]+)"', source))
    return found | {"weights added", "something added"}  # chosen between in `diagnosis._added`


def test_the_page_lists_every_diagnosis() -> None:
    page = (ROOT / "docs" / "comparing.md").read_text(encoding="utf-8")
    section = page.partition("## Diagnosis")[2].partition("## Remarks")[0]
    listed = set(re.findall(r"`([^`]+)`", "\n".join(line for line in section.splitlines() if line.startswith("|"))))
    assert listed == names_in_the_code()


def test_the_page_lists_every_verdict() -> None:
    page = (ROOT / "docs" / "comparing.md").read_text(encoding="utf-8")
    table = page.partition("## Verdicts")[2].partition("###")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {verdict.value for verdict in Verdict}
