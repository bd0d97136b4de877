"""That the comparison catches mistakes, says what they are, and accuses nobody else.

The catalogue (`mutants.catalogue`) has a layer of `nn.handwritten` with one mistake in each entry. The same mistakes
are put to five checks of the usual kind (`mutants.checkers`), and the outcome is published in docs/kill-matrix.md.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from mutants.automatic import automatic, matters
from mutants.catalogue import CATALOGUE
from mutants.checkers import CHECKERS, noticed
from mutants.matrix import SAMPLES, accused, guilty, in_network, page, result, results, trials, tried
from mutants.mutant import CLASSES, PLACES, Mutant, batch, model_like, small_network

from nn.compare import Report, Verdict, compare_gradients, compare_layer
from nn.compare.examples import one_hot, random_numbers
from nn.compare.hints import hint_for

PAGE = Path(__file__).resolve().parents[1] / "docs" / "kill-matrix.md"
MISTAKES = [mutant for mutant in CATALOGUE if mutant.verdict == "wrong"]
CHOICES = [mutant for mutant in CATALOGUE if mutant.verdict == "kink"]


def correct(layer: str) -> Mutant:
    """A "mutant" that is right."""
    return Mutant(f"{layer}: right", layer, (), (), ())


# -- the catalogue ----------------------------------------------------------------------------------------------------


def test_the_catalogue_is_large_and_has_every_layer() -> None:
    assert len(MISTAKES) >= 60
    assert len({mutant.name for mutant in CATALOGUE}) == len(CATALOGUE)
    for layer in CLASSES:
        assert sum(mutant.layer == layer for mutant in MISTAKES) >= 7, layer


def test_every_mutant_differs_from_the_original_and_the_sources_still_fit() -> None:
    for mutant in CATALOGUE:
        wrong = mutant.build()
        assert all(old != new for old, new in mutant.edits)
        changed = [name for name in vars(wrong) if not name.startswith("__")]
        assert changed
        assert all(name in vars(CLASSES[mutant.layer]) for name in changed)


def test_an_edit_that_fits_nowhere_is_an_error() -> None:
    with pytest.raises(LookupError, match="stands 0 times"):
        Mutant("relu: none", "relu", (("no such code", ""),), (), ()).build()


# -- ours -------------------------------------------------------------------------------------------------------------


def test_ours_catches_every_mistake() -> None:
    assert [mutant.name for mutant in MISTAKES if not result(mutant.name).caught] == []


def test_ours_accuses_exactly_the_wrong_tensors() -> None:
    found = {mutant.name: result(mutant.name).wrong for mutant in MISTAKES}
    assert {name: tensors for name, tensors in found.items() if tensors != set(by_name(name).tensors)} == {}


def by_name(name: str) -> Mutant:
    return next(mutant for mutant in CATALOGUE if mutant.name == name)


def test_other_choices_at_kinks_are_told_but_not_accused() -> None:
    assert len(CHOICES) >= 3
    for mutant in CHOICES:
        found = result(mutant.name)
        assert found.report.ok, mutant.name
        assert found.wrong == {"input"}, mutant.name
        assert found.diagnosed, (mutant.name, found.told)


def test_the_diagnosis_is_right_for_nine_of_ten() -> None:
    diagnosed = [mutant for mutant in MISTAKES if result(mutant.name).diagnosed]
    named = [mutant for mutant in MISTAKES if result(mutant.name).named]
    assert len(diagnosed) >= 0.9 * len(MISTAKES)
    assert len(named) >= 0.85 * len(MISTAKES)


def test_every_diagnosis_has_a_hint() -> None:
    names = {name for mutant in MISTAKES for name in result(mutant.name).diagnoses}
    assert {name for name in names if not hint_for(name)} <= {"unknown"}


def network_failures(mutants: list[Mutant]) -> dict[str, Any]:
    """Mutants of which a network's comparison accuses anything but exactly the right tensors."""
    found = {mutant.name: in_network(mutant) for mutant in mutants}
    return {
        name: (accused(report), report.first_guilty)
        for name, report in found.items()
        if accused(report) != guilty(by_name(name)) or not points_at(report, by_name(name))
    }


def points_at(report: Report, mutant: Mutant) -> bool:
    """Whether the first guilty one is the mutated layer; any, for a mistake with the batch."""
    first = report.first_guilty
    if mutant.layer == "network":
        return first is not None
    return first is not None and first.path == PLACES[mutant.layer]


PLACED = [mutant for mutant in MISTAKES if mutant.layer in (*PLACES, "network")]


def test_in_a_network_exactly_the_mutated_layer_is_accused() -> None:
    """A sample; all of them in the slow run."""
    assert network_failures(PLACED[::13]) == {}


@pytest.mark.slow
def test_in_a_network_exactly_the_mutated_layer_is_accused_for_all() -> None:
    assert network_failures(PLACED) == {}


def test_the_right_network_is_right() -> None:
    network = small_network()
    images, labels = batch(samples=SAMPLES)
    report = compare_gradients(model_like(network), network, images, labels, oracle=False)
    assert report.ok
    assert report.first_guilty is None


# -- the others -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", CHECKERS)
def test_each_check_accepts_what_is_right_and_notices_a_plain_mistake(check: str) -> None:
    for layer in CLASSES:
        assert not any(noticed(check, correct(layer), seed) for seed in range(3)), layer
    sign = [
        mutant for mutant in MISTAKES if mutant.name in ("conv2d: sign of everything", "dense: input gradient zero")
    ]
    assert len(sign) == 2
    assert all(noticed(check, mutant) for mutant in sign)


def test_no_other_check_notices_as_much() -> None:
    for check in CHECKERS:
        missed = [mutant.name for mutant in MISTAKES if not result(mutant.name).noticed[check]]
        assert len(missed) >= 10, check


# -- right layers are never accused -----------------------------------------------------------------------------------


def random_layer(rng: random.Random) -> tuple[str, Any, tuple[int, ...], int]:
    """A right layer of a random kind, of random size; the shape of a sample; a batch size."""
    kind = rng.choice([name for name in CLASSES if name != "network"])
    channels, height, width = rng.randint(1, 3), rng.randint(1, 7), rng.randint(1, 7)
    classes, samples = rng.randint(2, 6), rng.randint(1, 4)
    cls = CLASSES[kind]
    if kind == "conv2d":
        padding, stride = rng.randint(0, 2), rng.randint(1, 3)
        rows, columns = rng.randint(1, min(4, height + 2 * padding)), rng.randint(1, min(4, width + 2 * padding))
        filters = rng.randint(1, 3)
        weight, bias = numbers(rng, filters, channels, rows, columns), numbers(rng, filters)
        return kind, cls(weight, bias, stride=stride, padding=padding), (channels, height, width), samples
    if kind == "maxpool2d":
        size = rng.randint(1, min(height, width))
        return kind, cls(size, stride=rng.randint(1, size + 1)), (channels, height, width), samples
    if kind == "dense":
        inputs, outputs = rng.randint(1, 8), rng.randint(1, 8)
        return kind, cls(numbers(rng, inputs, outputs), numbers(rng, outputs)), (inputs,), samples
    return kind, cls(), (channels, height, width) if kind in ("relu", "flatten") else (classes,), samples


def numbers(rng: random.Random, *shape: int) -> Any:
    """Floats of very different sizes, or small whole numbers, among which there are zeros and equal ones."""
    if rng.random() < 0.3:
        return built(shape, lambda: float(rng.randint(-2, 2)))
    scale = 10.0 ** rng.randint(-3, 3)
    return built(shape, lambda: rng.gauss(0, 1) * scale)


def built(shape: tuple[int, ...], number: Any) -> Any:
    return [built(shape[1:], number) for _ in range(shape[0])] if shape else number()


def accusations(seeds: range) -> list[str]:
    """What a comparison holds against right layers."""
    told = []
    for seed in seeds:
        rng = random.Random(seed)
        kind, layer, shape, samples = random_layer(rng)
        x = numbers(rng, samples, *shape)
        target = None
        if kind in ("cross-entropy", "softmax-cross-entropy"):
            target = [one_hot(rng.randrange(shape[0]), shape[0]) for _ in range(samples)]
        if kind == "cross-entropy":
            x = [[(abs(v) + 1e-6) / sum(abs(u) + 1e-6 for u in row) for v in row] for row in x]
        if kind in ("softmax", "softmax-cross-entropy"):
            x = [[max(-30.0, min(30.0, v)) for v in row] for row in x]
        report = compare_layer(kind, layer, x, target=target, oracle=False, seed=seed)
        bad = [row for row in report.rows if row.verdict in (Verdict.WRONG, Verdict.KINK)]
        told += [f"seed {seed}, {kind} {shape} x {samples}: {row}" for row in bad]
        told += [f"seed {seed}, {kind}: {remark}" for remark in report.remarks]
    return told


def test_right_layers_are_not_accused() -> None:
    """A thousand shapes and seeds; other ones in the slow run."""
    assert accusations(range(1000)) == []


@pytest.mark.slow
def test_right_layers_are_never_accused() -> None:
    assert accusations(range(1000, 20_000)) == []


def test_the_random_layers_are_of_every_kind() -> None:
    kinds = {random_layer(random.Random(seed))[0] for seed in range(100)}
    assert kinds == {name for name in CLASSES if name != "network"}
    assert random_numbers((2,), random.Random(1)) == random_numbers((2,), random.Random(1))


# -- the page ---------------------------------------------------------------------------------------------------------


def test_the_published_matrix_is_up_to_date() -> None:
    """But for the networks and the automatic mutants, which take longer: see the slow run."""
    published = PAGE.read_text(encoding="utf-8")
    (network,) = re.findall(r"that layer and those tensors in (\d+) of", " ".join(published.split()))
    (part,) = re.findall(r"## Mistakes that nobody chose\n\n(.*?)\n\n## One by one", published, re.DOTALL)
    assert page(int(network), part) == published, "run: python tests/benchmarks/kill_matrix.py"


def test_a_sample_of_automatic_mutants_is_caught() -> None:
    """Every twenty-ninth change of every operator, index and loop that changes a result at all."""
    tested = 0
    for _, kind, cls in list(automatic())[::29]:
        if matters(cls, kind):
            tested += 1
            assert any(tried(cls, kind, settings, shape) for settings, shape in trials(kind))
    assert tested > 10


@pytest.mark.slow
def test_all_of_the_published_matrix_is_up_to_date() -> None:
    assert page() == PAGE.read_text(encoding="utf-8")


def test_the_matrix_names_every_mutant() -> None:
    published = PAGE.read_text(encoding="utf-8")
    assert [r.mutant.name for r in results() if f"| {r.mutant.name.partition(': ')[2]} |" not in published] == []
