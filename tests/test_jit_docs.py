"""docs/compiler.md: its Python runs, and the C that it shows is what comes out."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tinygrad_lists.compiler.build import machine_for

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "compiler.md").read_text(encoding="utf-8")


@pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler (cc, gcc or clang)")
def test_the_chapter_on_the_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    blocks = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    names: dict[str, Any] = {}
    example = doctest.DocTestParser().get_doctest(blocks, names, "compiler.md", "compiler.md", 0)
    said: list[str] = []
    result = doctest.DocTestRunner().run(example, out=said.append, clear_globs=False)
    assert result.failed == 0, "".join(said)
    shown = re.findall(r"```c\n(.*?)```", TEXT, re.DOTALL)
    assert len(shown) == 2
    source = example.globs["step"].source
    if machine_for("float32").lanes >= 8:  # with smaller vectors the numbers in it are others
        assert all(c in source for c in shown)
        written = example.globs["step"]._latest.source
        buffers = sum(bool(node.op) for node in written.layout.stored)
        assert f"operations {buffers} have a buffer" in TEXT
        assert f"{written.arena / 1000:.0f} kB in all" in TEXT
