"""What the pictures say: read from the figures before they are drawn, which takes no time."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import picture_tools
import pytest

import nn
from nn import plots
from nn.data.images import GreyImage
from nn.results import Epoch

pytest.importorskip("matplotlib", reason="pictures need matplotlib (pip install -e '.[plots]')")

TEST = nn.data.mnist.load("test", subset="paper")
Drawn = Callable[..., Any]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Calls a plot function, and returns its figure in place of saving it."""

    def call(name: str, *arguments: Any, **options: Any) -> Any:
        kept: list[Any] = []
        monkeypatch.setattr(
            importlib.import_module(f"nn.plots.{name}"), "save", lambda figure, path: kept.append(figure)
        )
        getattr(plots, f"plot_{name}")(*arguments, path="unused.png", **options)
        (figure,) = kept
        return figure

    return call


def heading(figure: Any) -> str:
    return str(figure.get_suptitle())


def shares(*best: tuple[int, float]) -> list[list[float]]:
    """Rows of probabilities: the best class, and its probability; the others have the rest in equal parts."""
    return [[share if j == i else (1 - share) / 9 for j in range(10)] for i, share in best]


def test_the_surest_mistakes_come_first_and_say_what_they_are(drawn: Drawn) -> None:
    # The labels are 7, 2, 1, 0.
    figure = drawn("mistakes", TEST[:4], shares((7, 0.9), (3, 0.6), (8, 0.8), (0, 0.5)))
    digits = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in digits] == ["taken for 8, is 1", "taken for 3, is 2"]
    assert [list(axes.images[0].get_array()[14]) for axes in digits] == [TEST.image(2)[0][14], TEST.image(1)[0][14]]
    assert heading(figure) == "Most confidently wrong: 2 of 2 errors on 4 images"
    assert heading(drawn("mistakes", TEST[:1], shares((7, 0.9)))) == "No errors on 1 images"


def test_the_confusion_matrix_has_counts_recall_and_two_scales(drawn: Drawn) -> None:
    figure = drawn("confusion", [[8, 2], [0, 1000]])
    axes = figure.axes[0]
    assert {text.get_position(): text.get_text() for text in axes.texts} == {(0, 0): "8", (1, 0): "2", (1, 1): "1,000"}
    right, wrong = (image.get_array().tolist() for image in axes.images)
    assert right == [[0.8, None], [None, 1.0]]
    assert wrong == [[None, 0.2], [None, None]]
    assert [label.get_text() for label in axes.child_axes[0].get_yticklabels()] == ["80.0%", "100.0%"]
    assert axes.get_title("left") == "Confusion matrix (99.8% of 1,010 right)"
    drawn("confusion", [[0, 0], [0, 0]])  # nothing to divide by


def test_filters_are_the_first_layers_weights_about_white(drawn: Drawn) -> None:
    model = nn.paper.network()
    figure = drawn("filters", model)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.images[0].get_array().tolist() for axes in shown] == [kernel[0] for kernel in model[0].weight.data]
    low, high = shown[0].images[0].get_clim()
    assert low == -high == -max(abs(w) for k in model[0].weight.data for row in k[0] for w in row)
    assert [text.get_text() for text in shown[0].texts] == [
        f"{w:.2f}" for row in model[0].weight.data[0][0] for w in row
    ]
    two = nn.Sequential(nn.Conv2d(2, 1, 5, bias=False))
    mean = drawn("filters", two).axes[0].images[0].get_array()
    assert math.isclose(mean[0][0], (two[0].weight.data[0][0][0][0] + two[0].weight.data[0][1][0][0]) / 2)
    with pytest.raises(ValueError, match="has no Conv2d"):
        plots.plot_filters(nn.Dense(2, 2), "unused.png")


def test_features_are_the_outputs_of_the_activations(drawn: Drawn) -> None:
    model = nn.paper.network().train()
    figure = drawn("features", model, TEST.image(0))
    images = [axes.images[0].get_array().tolist() for axes in figure.axes]
    first = model[:2]([TEST.image(0)]).tolist()[0]
    second = model[:5]([TEST.image(0)]).tolist()[0]
    assert images == [TEST.image(0)[0], *first, *second]
    assert model.training
    with pytest.raises(ValueError, match="no layer of the model makes maps"):
        plots.plot_features(nn.Sequential(nn.Flatten(), nn.Dense(784, 10)), TEST.image(0), "unused.png")


def test_readings_name_the_answer_and_what_is_not_shown(drawn: Drawn) -> None:
    figure = drawn("readings", TEST[:5], shares(*[(4, 0.75)] * 5), names=["a.png"] * 5, columns=1, rows=3)
    digit, bars = figure.axes[:2]
    assert digit.get_title("left") == "a.png"
    assert bars.get_title("left") == "4  (75.0%)"
    assert [round(bar.get_width(), 6) for bar in bars.patches] == [round(share, 6) for share in shares((4, 0.75))[0]]
    assert heading(figure) == "What the network reads; 2 more"


def test_a_preparation_shows_both(drawn: Drawn) -> None:
    sheet = GreyImage(bytes(range(6)), 2, 3)
    above, below = drawn("preparation", [sheet], [TEST.image(0)], names=["mine"]).axes
    assert above.images[0].get_array().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert below.images[0].get_array().tolist() == TEST.image(0)[0]
    assert above.get_title() == "mine"


@pytest.mark.parametrize("name", ["mistakes", "predictions", "readings"])
def test_images_and_predictions_come_in_pairs(name: str, tmp_path: Path) -> None:
    plot = getattr(plots, f"plot_{name}")
    for images, predictions in ((TEST[:2], shares((1, 0.5))), (TEST[:0], [])):
        with pytest.raises(ValueError, match=f"plot_{name}: . images and . predictions"):
            plot(images, predictions, tmp_path / "a.png")
    with pytest.raises(ValueError, match="give a square"):
        plots.plot_confusion([[1, 2]], tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_format_that_there_is_not_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nope"):
        plots.plot_confusion([[1]], tmp_path / "a.nope")
    assert not list(tmp_path.iterdir())


def test_curves_leave_out_what_was_not_measured(drawn: Drawn) -> None:
    def epoch(number: int, validation: float) -> Epoch:
        return Epoch(number, 1.0, 0.5, 1.0, 0.6, 1.0, 1.0, validation_loss=validation)

    def labels(figure: Any) -> list[str]:
        return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]

    assert labels(drawn("curves", [epoch(1, math.nan)])) == ["training loss", "test accuracy"]
    assert labels(drawn("curves", [epoch(1, 2.0)])) == ["training loss", "validation loss", "test accuracy"]
    assert len(labels(drawn("curves", [epoch(1, 2.0)], paper=nn.paper.TABLE_I))) == 5


@pytest.mark.slow
def test_the_pictures_of_the_documentation_can_be_made(tmp_path: Path) -> None:
    picture_tools.make().main(tmp_path, epochs=1, images=16, compiled=False)
    page = (picture_tools.ROOT / "docs" / "training-pictures.md").read_text(encoding="utf-8")
    assert all(f"pictures/{path.name}" in page for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == page.count("](pictures/") - 1  # and the script
