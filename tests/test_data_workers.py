"""Worker processes: the same batches in the same order, and no process left, however a pass ends."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nn.data import DataLoader, Dataset
from nn.data.augmentation import Compose, Rotation, Shift

IMAGES = Dataset(bytes(i * 7 % 256 for i in range(50 * 64)), bytes(i % 10 for i in range(50)), 8, 8)
AUGMENT = Compose(Rotation(20), Shift(1), seed=3, maps=16)

posix = pytest.mark.skipif(os.name == "nt", reason="signals and process groups are POSIX's")


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    gc.collect()
    assert multiprocessing.active_children() == []


def epoch_of(loader: DataLoader, start: int = 0) -> list[tuple[bytes, tuple[int, ...] | None, bytes]]:
    return [(pixels.tobytes(), pixels.shape, labels) for pixels, labels in loader.stored_batches(start)]


def test_workers_change_neither_the_numbers_nor_the_order() -> None:
    """Over epochs, from the middle of one, as nested lists, and with other settings for the same loader."""
    alone, helped = (DataLoader(IMAGES, 7, shuffle=True, seed=5, augment=AUGMENT, workers=n) for n in (0, 2))
    assert [epoch_of(alone) for _ in range(3)] == [epoch_of(helped) for _ in range(3)]
    first = {process.pid for process in multiprocessing.active_children()}
    assert len(first) == 2
    for loader in (alone, helped):
        loader.set_epoch(1)
    assert epoch_of(alone, start=4) == epoch_of(helped, start=4)
    assert list(alone) == list(helped)
    assert alone.epoch == helped.epoch == 3
    assert epoch_of(alone, start=len(alone)) == epoch_of(helped, start=len(alone)) == []
    assert {process.pid for process in multiprocessing.active_children()} == first, "workers outlive a complete pass"
    alone.drop_last = helped.drop_last = True
    assert epoch_of(alone) == epoch_of(helped)
    assert not first & {process.pid for process in multiprocessing.active_children()}


def noted(pixels: bytes, rows: int, columns: int, epoch: int, index: int) -> bytes:
    """Leaves a mark for every image that it has seen."""
    with Path(os.environ["MARKS"]).open("a") as marks:
        marks.write(".")
    return pixels


def test_workers_wait_and_end_with_the_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are ahead by what their pipes hold, and a pass that is broken off ends them and does not count."""
    marks = tmp_path / "marks"
    monkeypatch.setenv("MARKS", str(marks))
    many = Dataset(bytes(400 * 64 * 64), bytes(400), 64, 64)  # 4 KB an image, 16 KB a batch
    loader = DataLoader(many, 4, augment=noted, workers=2)
    for _ in loader.stored_batches():
        time.sleep(0.5)
        break
    assert multiprocessing.active_children() == []
    assert 8 <= marks.stat().st_size <= 4 * 2 * (64 // 16 + 2)
    assert loader.epoch == 0
    passes = iter(DataLoader(IMAGES, 4, workers=1))
    next(passes)
    assert len(multiprocessing.active_children()) == 1
    del passes
    assert multiprocessing.active_children() == []


def failing(pixels: bytes, rows: int, columns: int, epoch: int, index: int) -> bytes:
    if index == 33:
        raise ArithmeticError("no such angle")
    if index == 45:
        os.kill(os.getpid(), signal.SIGKILL)
    return pixels


@posix
def test_a_worker_that_fails_or_dies_is_told() -> None:
    loader = DataLoader(IMAGES, 5, augment=failing, workers=2)
    batches = loader.stored_batches()
    assert sum(1 for _, _ in zip(range(6), batches, strict=False)) == 6
    with pytest.raises(RuntimeError, match=r"worker process 1 of 2 failed in epoch 0, batch 6\n\n(.|\n)*no such angle"):
        next(batches)
    assert multiprocessing.active_children() == []
    with pytest.raises(RuntimeError, match=r"worker process 1 of 1 ended by SIGKILL; .*memory.* workers=0"):
        list(DataLoader(IMAGES, 5, augment=failing, workers=1).stored_batches(start=9))


@posix
def test_a_fork_of_the_main_process_leaves_the_workers_alone() -> None:
    """Whoever trains in forked processes has the loader in each of them; only the main one's end ends the workers."""
    loader = DataLoader(IMAGES, 5, workers=1)
    whole = epoch_of(loader)
    before = [process.pid for process in multiprocessing.active_children()]
    fork = os.fork()
    if fork == 0:
        del loader
        gc.collect()
        os._exit(0)
    assert os.waitpid(fork, 0)[1] == 0
    assert epoch_of(loader) == whole
    assert [process.pid for process in multiprocessing.active_children()] == before


def test_what_cannot_be_sent_is_an_error_before_any_process() -> None:
    loader = DataLoader(IMAGES, 5, augment=lambda pixels, *_: pixels, workers=2)
    with pytest.raises(TypeError, match=r"cannot be sent to worker processes .* at the top of a module"):
        next(loader.stored_batches())


def test_bad_numbers_of_workers_are_errors() -> None:
    for workers in (-1, 1.0, True):
        error = TypeError if workers is True else ValueError
        with pytest.raises(error, match=r"DataLoader: workers is .*; it must be a whole number of at least 0"):
            DataLoader(IMAGES, 5, workers=workers)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="augment and workers take stored bytes"):
        DataLoader([([[[0.5]]], 3)], 1, workers=1)


SCRIPT = """
import multiprocessing, time
from nn.data import DataLoader, Dataset

def run():
    loader = DataLoader(Dataset(bytes(40), bytes(40), 1, 1), 4, workers=2)
    for _ in loader.stored_batches():
        print(*[process.pid for process in multiprocessing.active_children()], flush=True)
        time.sleep(60)

GUARD
    run()
"""


def script(tmp_path: Path, guard: str) -> subprocess.Popen[str]:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace("GUARD", guard))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    return subprocess.Popen(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path(f"/proc/{pid}").exists() else True


def all_end(pids: list[int], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(map(alive, pids))


@posix
@pytest.mark.parametrize("how", ["ctrl-c", "killed"])
def test_no_worker_outlives_the_main_process(tmp_path: Path, how: str) -> None:
    """Ctrl-C reaches the whole group, and only the main process says so; a killed one says nothing to anybody."""
    main = script(tmp_path, "if __name__ == '__main__':")
    assert main.stdout is not None
    pids = [int(pid) for pid in main.stdout.readline().split()]
    assert len(pids) == 2
    assert all(map(alive, pids))
    if how == "ctrl-c":
        os.killpg(main.pid, signal.SIGINT)
    else:
        main.kill()
    errors = main.communicate(timeout=30)[1]
    assert all_end(pids)
    assert errors.count("Traceback") == (1 if how == "ctrl-c" else 0)
    assert ("KeyboardInterrupt" in errors) == (how == "ctrl-c")


@posix
@pytest.mark.slow
def test_a_script_without_a_guard_is_told_about_it(tmp_path: Path) -> None:
    main = script(tmp_path, "if True:")
    errors = main.communicate(timeout=60)[1]
    assert main.returncode == 1
    assert "a script must use workers under `if __name__ == '__main__':`" in errors.splitlines()[-1]
