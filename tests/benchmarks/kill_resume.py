"""Kill a training run with SIGKILL at random moments, resume it, and see whether it is the unbroken run to the bit.

    python tests/benchmarks/kill_resume.py [--kills 100] [--seed 0] [--jit] [--workers 2]

Half of the runs are killed from outside at a random time. The other half kill themselves inside the writing of a
random checkpoint: with half of its bytes written, before the file is forced to disk, before it is renamed, and after
that before its folder is forced to disk. The run has everything that must survive: dropout, augmentation, AdamW, a
cosine schedule, a validation set, checkpoints after each update.

A resumed run must leave the same weights, best weights, history and predictions, byte for byte but for seconds.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from machine import describe

from nn.cli import main as command

RECIPE = [
    *("--images", "20", "--test-images", "4", "--epochs", "3", "--batch-size", "4", "--checkpoint-every", "1"),
    *("--dropout", "0.3", "--optimiser", "adamw", "--schedule", "cosine", "--validation", "4", "--clip-norm", "1"),
    *("--shift", "2", "--rotate", "10", "--quiet", "--no-plots"),
]
STAGES = ("half written", "before the file is synced", "before the rename", "before the folder is synced")


def in_child(run: Callable[[], object], kill_after: float | None = None) -> tuple[int, float]:
    """Run in a fork of this process, silently, and perhaps kill it; its exit status and seconds."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        status = 3
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = int(run() or 0)
        finally:
            os._exit(status)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), time.perf_counter() - start


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_in_checkpoint(number: int, stage: str) -> None:
    """From now on, this process dies at a stage of writing its checkpoint of this number."""
    write, rename, sync = Path.write_bytes, Path.replace, os.fsync
    written, renamed = 0, False

    def is_checkpoint(path: Path) -> bool:
        return "checkpoint" in path.name

    def write_bytes(self: Path, content: bytes) -> int:
        nonlocal written
        written += is_checkpoint(self)
        if is_checkpoint(self) and written == number and stage == "half written":
            with self.open("wb", buffering=0) as file:
                file.write(content[: len(content) // 2])
            die()
        return write(self, content)

    def replace(self: Path, target: Any) -> Path:
        nonlocal renamed
        if is_checkpoint(self) and written == number:
            if stage == "before the rename":
                die()
            renamed = True
        return rename(self, target)

    def fsync(handle: int) -> None:
        if written == number and stage == ("before the folder is synced" if renamed else "before the file is synced"):
            die()
        sync(handle)

    Path.write_bytes, Path.replace, os.fsync = write_bytes, replace, fsync  # type: ignore[method-assign, assignment]


def results(folder: Path) -> dict[str, Any]:
    """What a run has left, without seconds."""
    record = json.loads((folder / "history.json").read_text())
    for epoch in record["epochs"]:
        del epoch["seconds"], epoch["images_per_second"]
    del record["config"]["out"], record["config"]["overwrite"]
    with (folder / "history.csv").open() as file:
        rows = [{k: v for k, v in row.items() if "second" not in k} for row in csv.DictReader(file)]
    weights = {name: (folder / name).read_bytes() for name in ("weights.safetensors", "best.safetensors")}
    return {"record": record, "rows": rows, **weights}


def killed_and_resumed(count: int, seed: int, options: list[str], scratch: Path) -> tuple[int, Counter[str]]:
    """How many of the resumed runs are the unbroken one, and where the runs were killed."""
    rng, recipe = random.Random(seed), ["train", *RECIPE, *options]
    status, seconds = in_child(lambda: command([*recipe, "--out", str(scratch / "whole")]))  # compiles what it needs
    shutil.rmtree(scratch / "whole")
    status, seconds = in_child(lambda: command([*recipe, "--out", str(scratch / "whole")]))
    assert status == 0
    whole = results(scratch / "whole")
    updates = 2 if "--batch-size" in options else 4  # an epoch has 16 images
    checkpoints = 1 + 3 * (updates + 1)  # at the start; for each epoch after its updates and at its end
    same, where = 0, Counter[str]()
    for number in range(count):
        folder = scratch / f"run-{number}"
        out = [*recipe, "--out", str(folder)]
        if number % 2:
            stage, place = rng.choice(STAGES), rng.randint(1, checkpoints)

            def dying(stage: str = stage, place: int = place, out: list[str] = out) -> int:
                dying_in_checkpoint(place, stage)
                return command(out)

            status, _ = in_child(dying)
        else:
            stage = "at a random time"
            while (status := in_child(lambda out=out: command(out), rng.uniform(0, seconds))[0]) == 0:  # type: ignore[misc]
                shutil.rmtree(folder)  # it was faster than usual, and done
        assert status == -signal.SIGKILL, status
        where[stage] += 1
        if (folder / "checkpoint.safetensors").exists():
            status, _ = in_child(lambda folder=folder: command(["train", "--resume", str(folder)]))  # type: ignore[misc]
        else:
            where["(of these before the first checkpoint: begun anew)"] += 1
            status, _ = in_child(lambda out=out: command([*out, "--overwrite"]))  # type: ignore[misc]
        left = [path.name for path in folder.iterdir() if "partial" in path.name]
        same += status == 0 and not left and results(folder) == whole
        shutil.rmtree(folder)
    return same, where


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jit", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    print(describe("safetensors"))
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        # Two workers have something to share in batches of eight.
        options = ["--workers", str(arguments.workers), "--batch-size", "8"] if arguments.workers > 1 else []
        options += ["--jit"] if arguments.jit else []
        same, where = killed_and_resumed(arguments.kills, arguments.seed, options, Path(scratch))
    for stage, count in where.most_common():
        print(f"  killed {stage}: {count}")
    print(
        f"{'compiled' if arguments.jit else 'interpreted'}: {same} of {arguments.kills} runs resumed to the bit "
        f"({time.perf_counter() - start:.0f} s)"
    )
    return 0 if same == arguments.kills else 1


if __name__ == "__main__":
    sys.exit(main())
