"""How alpha, beta and gamma of equation (3) were chosen: by the loss on training images 1,000 to 2,000.

    python tests/benchmarks/choose_sine.py --data FOLDER [--candidates 600] [--finalists 24] [--engine torch|lists]

The paper does not name its constants. Each candidate (alpha uniform in [0, pi], beta uniform in [0, 2 pi], gamma
log-uniform in [0.03, 1], drawn with seed 0 and rounded to three digits) trains the paper's network by the paper's
recipe on the first 1,000 training images; the finalists are trained again with shuffling seeds 0, 1 and 2, and the
lowest mean loss on training images 1,000 to 2,000 wins. No test image is loaded. ``--engine torch`` does the same
arithmetic in PyTorch in float64, because 600 candidates take this package five hours; ``--engine lists`` uses
this package alone.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import nn
from nn import paper
from nn.data import DataLoader, Dataset
from nn.trainer import Trainer, evaluate

Constants = tuple[float, float, float]


def with_lists(constants: Constants, train: Dataset, held_out: Dataset, seed: int) -> float:
    """Loss on `held_out` after the paper's five epochs, by this package."""
    model = paper.network()
    paper.initialise(model, "sine", *constants)
    trainer = Trainer(model, nn.optim.SGD(model.parameters(), paper.LEARNING_RATE), nn.CrossEntropyLoss())
    trainer.fit(DataLoader(train, paper.BATCH_SIZE, shuffle=True, seed=seed), None, paper.EPOCHS)
    return evaluate(model, held_out, nn.CrossEntropyLoss()).loss


def torch_engine() -> Callable[[Constants, Dataset, Dataset, int], float]:
    """The same in PyTorch, float64, with the same weights and the same order of images."""
    import torch
    from torch.nn import functional as f

    torch.set_num_threads(1)
    images: dict[int, torch.Tensor] = {}  # by the dataset's id: both live as long as the search

    def tensor(data: Dataset) -> torch.Tensor:
        if id(data) not in images:
            images[id(data)] = torch.tensor([data.image(i) for i in range(len(data))], dtype=torch.float64)
        return images[id(data)]

    def loss_of(constants: Constants, train: Dataset, held_out: Dataset, seed: int) -> float:
        model = paper.network()
        paper.initialise(model, "sine", *constants)
        w1, b1, w2, b2, w3, b3 = parameters = [
            torch.tensor(p.data, dtype=torch.float64, requires_grad=True) for p in model.parameters()
        ]

        def logits(x: torch.Tensor) -> torch.Tensor:
            x = f.max_pool2d(f.relu(f.conv2d(x, w1, b1)), 2)
            x = f.max_pool2d(f.relu(f.conv2d(x, w2, b2)), 2)
            return x.flatten(1) @ w3 + b3

        x, labels = tensor(train), torch.tensor(train.labels)
        loader = DataLoader(train, paper.BATCH_SIZE, shuffle=True, seed=seed)
        for epoch in range(paper.EPOCHS):
            order = loader.order(epoch)
            for start in range(0, len(order), paper.BATCH_SIZE):
                batch = order[start : start + paper.BATCH_SIZE]
                gradients = torch.autograd.grad(f.cross_entropy(logits(x[batch]), labels[batch]), parameters)
                with torch.no_grad():
                    for parameter, gradient in zip(parameters, gradients, strict=True):
                        parameter -= paper.LEARNING_RATE * gradient
        with torch.no_grad():
            return f.cross_entropy(logits(tensor(held_out)), torch.tensor(held_out.labels)).item()

    return loss_of


def draw(count: int) -> list[Constants]:
    """The candidates."""
    rng = random.Random(0)
    return [
        (
            round(rng.uniform(0, math.pi), 3),
            round(rng.uniform(0, 2 * math.pi), 3),
            float(f"{math.exp(rng.uniform(math.log(0.03), 0)):.3g}"),
        )
        for _ in range(count)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with the four MNIST files")
    parser.add_argument("--candidates", type=int, default=600)
    parser.add_argument("--finalists", type=int, default=24)
    parser.add_argument("--engine", choices=("torch", "lists"), default="torch")
    arguments = parser.parse_args()
    loss_of = torch_engine() if arguments.engine == "torch" else with_lists
    images = nn.data.mnist.load("train", folder=arguments.data)
    train, held_out = images[:1000], images[1000:2000]

    def score(constants: Constants, seeds: tuple[int, ...]) -> float:
        loss = mean(loss_of(constants, train, held_out, seed) for seed in seeds)
        return loss if math.isfinite(loss) else math.inf

    first = sorted((score(c, (0,)), c) for c in draw(arguments.candidates))
    print(f"{len(first)} candidates, loss on training images 1,000 to 2,000 after 5 epochs:")
    print(f"  best {first[0][0]:.3f}, median {first[len(first) // 2][0]:.3f}, worst {first[-1][0]:.3f}")
    print("finalists, mean over shuffling seeds 0, 1, 2:")
    for loss, (alpha, beta, gamma) in sorted((score(c, (0, 1, 2)), c) for _, c in first[: arguments.finalists]):
        print(f"  loss {loss:.4f}  alpha {alpha:g}  beta {beta:g}  gamma {gamma:g}")


if __name__ == "__main__":
    main()
