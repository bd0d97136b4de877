"""The build cache, the compiler, and doing without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import nn
from tinygrad_lists import JitError, Value, jit
from tinygrad_lists.compiler import build
from tinygrad_lists.compiler.jit import Jit
from tinygrad_lists.compiler.source import write

compiled = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler (cc, gcc or clang)"
)
posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs POSIX permissions")
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def libraries(base: Path) -> list[Path]:
    return sorted((base / "tinygrad-lists" / "jit").glob("*.so"))


@compiled
def test_the_second_time_nothing_is_compiled(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert jit(lambda x: x * 2)(3.0).data == 6.0
    (library,) = libraries(base)
    assert [library.stem] == [name for name, _ in build.cache_entries()]
    monkeypatch.setattr(build, "_make", lambda *_: pytest.fail("compiled again"))
    assert jit(lambda x: x * 2)(4.0).data == 8.0


@compiled
@posix
def test_only_the_user_may_look(base: Path) -> None:
    jit(lambda x: x * 2)(3.0)
    assert (base / "tinygrad-lists" / "jit").stat().st_mode & 0o777 == 0o700


@compiled
@posix
@pytest.mark.parametrize("mode", [0o777, 0o720])
def test_a_cache_that_others_can_write_is_refused(base: Path, mode: int) -> None:
    folder = base / "tinygrad-lists" / "jit"
    folder.mkdir(parents=True)
    folder.chmod(mode)
    with pytest.raises(JitError, match=r"others can write to the cache .*chmod 700"):
        jit(lambda x: x * 2)(3.0)


@compiled
@posix
def test_a_link_instead_of_a_folder_is_refused(base: Path) -> None:
    elsewhere = base / "elsewhere"
    elsewhere.mkdir()
    (base / "tinygrad-lists").mkdir()
    (base / "tinygrad-lists" / "jit").symlink_to(elsewhere)
    with pytest.raises(JitError, match="is not a folder of yours"):
        jit(lambda x: x * 2)(3.0)


@compiled
@pytest.mark.parametrize("damage", ["half", "bytes", "no checksum"])
def test_what_is_damaged_is_made_again(base: Path, damage: str) -> None:
    """In another process, since a loaded library cannot be changed safely."""
    program = "from tinygrad_lists import jit; assert jit(lambda x: x * 2)(3.0).data == 6.0"
    run = [sys.executable, "-c", program]
    subprocess.run(run, cwd=ROOT, check=True)
    (library,) = libraries(base)
    whole = library.read_bytes()
    if damage == "half":
        library.write_bytes(whole[: len(whole) // 2])
    elif damage == "bytes":
        library.write_bytes(b"\0" * len(whole))
    else:
        library.with_suffix(".sha256").unlink()
    subprocess.run(run, cwd=ROOT, check=True)
    assert library.read_bytes()[:4] == whole[:4]
    assert library.with_suffix(".sha256").exists()


@compiled
def test_two_processes_at_once(base: Path) -> None:
    program = "from tinygrad_lists import jit; assert jit(lambda x: (x * 3).exp())([0.0]).data == [1.0]"
    running = [subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(libraries(base)) == 1
    assert not list((base / "tinygrad-lists" / "jit").glob("make-*"))


@compiled
def test_clearing(base: Path) -> None:
    jit(lambda x: x * 2)(3.0)
    assert build.clear_cache() == 1
    assert libraries(base) == []
    assert build.clear_cache() == 0


@compiled
def test_the_key_knows_source_flags_and_processor(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library made for another machine, or with other flags, is not loaded."""
    source = "int step(void **p, char *arena) { return 0; }\n"
    assert build.library(source) is not None
    build.library(source + "\n")
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-DOTHER"))
    build.library(source)
    monkeypatch.setattr(build, "processor", lambda: ("another processor", frozenset({"avx9"})))
    build.library(source)
    assert len(libraries(base)) == 4


@compiled
def test_an_error_of_the_compiler_is_shown() -> None:
    with pytest.raises(JitError, match=r"the C compiler failed: .*error"):
        build.library("int step( {")


@compiled
def test_the_compiler_gets_no_shell(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a shell string nor an option hides in $CC: it is the path of one program."""
    build.compiler.cache_clear()
    monkeypatch.setenv("CC", f"cc; touch {base}/owned")
    try:
        command = build.compiler()
    finally:
        build.compiler.cache_clear()
    assert command is not None
    assert len(command) == 1
    jit(lambda x: x * 2)(3.0)
    assert not (base / "owned").exists()


def test_without_a_compiler_it_runs_interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One warning, with the three ways to get one; the answers are right."""
    monkeypatch.setattr(build, "compiler", lambda: None)
    written: list[str] = []
    monkeypatch.setattr(sys.modules[Jit.__module__], "write", lambda *a: written.append("C") or write(*a))
    w = Value([1.0, 2.0])
    f = jit(lambda x: (w * Value(x)).sum())
    with pytest.warns(RuntimeWarning, match="no C compiler was found.*install one.*pip install ziglang.*CC") as seen:
        assert f([1.0, 1.0]).data == 3.0
    assert [warning.filename for warning in seen] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f([1.0, 2.0]).data == 5.0
        assert f([1.0, 2.0]).data == 5.0
    assert written == ["C"]  # in vain; from then on the function is only run


def test_without_a_compiler_a_training_warns_of_the_users_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "compiler", lambda: None)
    model = nn.Sequential(nn.Flatten(), nn.Dense(4, 2))
    trainer = nn.CompiledTrainer(model, nn.optim.SGD(model.parameters(), 0.1), nn.CrossEntropyLoss())
    images = [([[0.0, 1.0], [0.5, 0.25]], 0), ([[1.0, 0.0], [0.5, 0.25]], 1)]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        trainer.fit(nn.data.DataLoader(images, 2), test=images)
    assert [(str(warning.message)[:25], warning.filename) for warning in seen] == [
        ("jit: no C compiler was fo", __file__)
    ]
