"""The table of ``docs/compiler.md``: one training step of the paper's network, compiled, beside whatever is installed.

    python tests/benchmarks/jit_peers.py

The same as ``tinygrad-lists bench``, preceded by the machine and the versions.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from machine import describe

from nn.cli import main

if __name__ == "__main__":
    print(describe("torch", "jax", "tinygrad"))
    sys.exit(main(["bench", *sys.argv[1:]]))
