"""Several threads: the chunks of a batch shared out, sums added in order."""

from __future__ import annotations

import random
import shutil
from typing import Any

import pytest

import nn
from tinygrad_lists import Value, jit

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler (cc, gcc or clang)"
)
COUNT = 67  # several chunks on every machine, and a rest


class Training:
    """A small network; each step returns the loss, every image's scores, and the largest and smallest score."""

    def __init__(self) -> None:
        r = random.Random(5)
        self.model = nn.Sequential(
            nn.Conv2d(1, 3, 3, rng=r), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dense(12, 4, rng=r)
        )
        self.optimiser = nn.optim.SGD(self.model.parameters(), lr=0.1)
        self.criterion = nn.CrossEntropyLoss()

    def step(self, x: Any, y: Any) -> tuple[Value, ...]:
        self.optimiser.zero_grad()
        scores = self.model(x)
        loss = self.criterion(scores, y)
        loss.backward()
        self.optimiser.step()
        return loss, scores, scores.max(), scores.min(axis=0)

    def numbers(self, x: Any, y: Any, steps: int = 3, **options: Any) -> list[list[float]]:
        """Everything after some compiled steps, or interpreted ones without options."""
        step = jit(self.step, **options) if options else self.step
        for _ in range(steps):
            results = step(x, y)
        return [
            *(v._flat() for v in results),
            *(p._flat() for p in self.model.parameters()),
            *(list(p._grad) for p in self.model.parameters()),
        ]


def data(count: int = COUNT) -> tuple[Any, list[int]]:
    source = random.Random(1)
    images = [[[[source.uniform(-1, 1) for _ in range(6)] for _ in range(6)]] for _ in range(count)]
    return images, [source.randrange(4) for _ in range(count)]


@pytest.mark.parametrize("threads", [2, 3])
def test_as_interpreted(threads: int) -> None:
    """Images without a thread of their own, and one that is in none of the other chunks."""
    x, y = data()
    compiled = Training().numbers(x, y, dtype="float64", threads=threads)
    for ours, theirs in zip(compiled, Training().numbers(x, y), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-11, abs=1e-13)


def test_two_runs_give_the_same_bits() -> None:
    x, y = data()
    assert Training().numbers(x, y, threads=2) == Training().numbers(x, y, threads=2)


def test_threads_are_started_where_there_is_work_for_them() -> None:
    """A batch that fits one vector is worked through as ever."""
    for count, wanted in ((COUNT, True), (2, False)):
        step = jit(Training().step, threads=2)
        step(*data(count))
        assert ("pthread_create" in step.source) is wanted


def test_a_label_out_of_range_is_found_in_every_thread() -> None:
    """The first one in the batch is told, whoever came first; and nothing has changed."""
    training = Training()
    step = jit(training.step, threads=2)
    x, y = data()
    step(x, y)
    before = training.model.state_dict()
    for places, told in (((60,), "label 9 at position 60"), ((3, 60), "label 9 at position 3")):
        wrong = [9 if i in places else label for i, label in enumerate(y)]
        with pytest.raises(ValueError, match=told):
            step(x, wrong)
    assert training.model.state_dict() == before


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_what_is_no_number_of_threads_is_refused(threads: Any) -> None:
    with pytest.raises(ValueError, match="jit: threads is a whole number of at least 1, not"):
        jit(lambda x: x, threads=threads)
