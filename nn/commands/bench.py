"""``tinygrad-lists bench``: one training step of the paper's network, beside whatever peers are installed."""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import platform
import statistics
import time

from ..peers import PEERS, Step, compiled_step

__all__ = ["add_arguments", "measure", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--batch", type=int, nargs="+", default=[8, 64], metavar="N", help="images a step (8 64)")
    parser.add_argument("--repeat", type=int, default=60, metavar="N", help="turns of five steps each (60)")
    parser.add_argument("--peers", metavar="NAMES", help=f"which of {','.join(PEERS)}; all that are installed")
    parser.add_argument("--cache", choices=("show", "clear"), help="show or clear the compiled programs instead")


def run(arguments: argparse.Namespace) -> int:
    """Print the table. Returns the exit status."""
    if arguments.cache:
        return _cache(arguments.cache)
    names = arguments.peers.split(",") if arguments.peers else list(PEERS)
    for name in names:
        if name not in PEERS:
            raise ValueError(f"bench: unknown peer {name!r}; known are {', '.join(PEERS)}")
    if min(arguments.batch) < 1 or arguments.repeat < 1:
        raise ValueError("bench: --batch and --repeat are at least 1")
    print(f"Python {platform.python_version()}, {_processor()}. One training step of the paper's network, SGD, one")
    print("thread; float32, pure Python in float64. Microseconds a step, taken in turns, and how many times ours.")
    for batch in arguments.batch:
        _table(batch, names, arguments.repeat)
    return 0


def _table(batch: int, names: list[str], repeat: int) -> None:
    start = time.perf_counter()
    steps: dict[str, Step] = {"tinygrad_lists.jit": compiled_step(batch)}
    first = time.perf_counter() - start
    start = time.perf_counter()
    compiled_step(batch)
    again = time.perf_counter() - start
    for name in names:
        label, package, make = PEERS[name]
        if package and importlib.util.find_spec(package) is None:
            print(f"  {label}: not installed (pip install {package})")
            continue
        try:
            steps[label] = make(batch)
        except (RuntimeError, ImportError, OSError) as problem:  # a peer without a device or compiler of its own
            print(f"  {label}: does not run here ({' '.join(str(problem).split())[:90]})")
    taken = measure(steps, repeat)
    ours = statistics.median(taken["tinygrad_lists.jit"])
    best = min(taken["tinygrad_lists.jit"])
    print(f"batch {batch}: recorded and compiled in {first:.2f} s, from the cache in {again:.3f} s")
    print(f"  {'':24} {'median':>12} {'':12} {'best':>12}")
    for label, times in taken.items():
        middle, least = statistics.median(times), min(times)
        print(f"  {label:24} {middle * 1e6:12.1f} {middle / ours:10.1f} x {least * 1e6:12.1f} {least / best:10.1f} x")
    work = multiply_adds(batch)
    peak = peak_rate()
    rate = work / best
    share = f"{rate / peak:.0%} share of the peak of {peak / 1e9:.0f}" if peak else "share of the peak unknown"
    print(f"  {work / 1e6:.2f} million multiply-adds: {rate / 1e9:.1f} thousand million a second, {share}")


def measure(steps: dict[str, Step], repeat: int) -> dict[str, list[float]]:
    """Seconds of each step, taken in turns so that all see the same machine; slow ones fewer times.

    A turn is five steps behind one that is not counted, which finds the caches full of the others' numbers.
    """
    taken: dict[str, list[float]] = {label: [] for label in steps}
    for turn in range(repeat):
        for label, step in steps.items():
            spent = sum(taken[label])
            if turn > 0 and spent > 5.0:
                continue
            step()
            for _ in range(5 if spent < 1.0 else 1):
                start = time.perf_counter()
                step()
                taken[label].append(time.perf_counter() - start)
    return taken


def multiply_adds(batch: int) -> int:
    """Multiply-adds of one step of the paper's network: two convolutions and a dense layer, forward; gradients of the
    weights; gradients of the inputs of all but the first.

    >>> multiply_adds(1)
    527520
    """
    first, second, dense = 8 * 9 * 26 * 26, 16 * 72 * 11 * 11, 4000
    return batch * (2 * first + 3 * second + 3 * dense)


# -- The machine ------------------------------------------------------------------------------------------------------

_CHAINS = 12


def _peak_source(lanes: int) -> str:
    """C of independent chains ``s = s · a + b``: as many multiply-adds as a core can start."""
    names = range(_CHAINS)
    return "\n".join(
        [
            f"typedef float V __attribute__((vector_size({4 * lanes})));",
            "double step(int rounds)",
            "{",
            "  V a = (V){} + 0.999f, b = (V){} + 0.001f;",
            *(f"  V s{i} = (V){{}} + {i}.0f;" for i in names),
            "  for (int r = 0; r < rounds; r++) {",
            *(f"    s{i} = s{i} * a + b;" for i in names),
            "  }",
            f"  V s = {' + '.join(f's{i}' for i in names)};",
            "  return s[0];",
            "}",
            "",
        ]
    )


def peak_rate() -> float | None:
    """Multiply-adds a second that one core reaches with nothing else to do: independent chains of vectors."""
    from tinygrad_lists.compiler import library, machine_for

    lanes = machine_for("float32").lanes
    made = library(_peak_source(lanes))
    if made is None:
        return None
    made.step.restype = ctypes.c_double
    rounds, best = 100_000, 0.0
    for _ in range(20):
        start = time.perf_counter()
        made.step(rounds)
        best = max(best, rounds * _CHAINS * lanes / (time.perf_counter() - start))
    return best


def _processor() -> str:
    from tinygrad_lists.compiler import processor

    return processor()[0]


def _cache(what: str) -> int:
    from tinygrad_lists.compiler import cache_entries, cache_folder, clear_cache

    if what == "clear":
        print(f"{clear_cache()} compiled programs removed from {cache_folder()}")
        return 0
    entries = cache_entries()
    for name, size in entries:
        print(f"{name}  {size:9,} bytes")
    print(f"{len(entries)} compiled programs in {cache_folder()}")
    return 0
