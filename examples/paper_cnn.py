"""The paper's network, from its first weights to its last accuracy, in one screen.

    python examples/paper_cnn.py

Two convolutions with eight and sixteen filters of 3 x 3, each followed by ReLU and by the largest of every 2 x 2
numbers; then one dense layer, which gives a number for each digit. 5,258 parameters, 1,000 images, five epochs of
gradient descent with batches of eight. Nobody wrote down how to go backwards: the gradient comes from the recorded
computation. About half a minute, with no compiled code; `nn.CompiledTrainer` in place of `nn.Trainer` needs seconds.
"""

from __future__ import annotations

import random
import sys

import nn


def network(rng: random.Random) -> nn.Sequential:
    return nn.Sequential(  # (N, 1, 28, 28): N grey images
        nn.Conv2d(1, 8, 3, rng=rng),  # (N, 8, 26, 26): eight maps of where something is found
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 8, 13, 13): that it is there matters, not to the pixel where
        nn.Conv2d(8, 16, 3, rng=rng),  # (N, 16, 11, 11): combinations of these
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 16, 5, 5)
        nn.Flatten(),  # (N, 400)
        nn.Dense(400, 10, rng=rng),  # (N, 10): the softmax is part of the loss
    )


def main(quick: bool = False) -> float:
    """Train, and print what happens. Returns the share of right answers on images that were not trained on."""
    images = nn.data.mnist.load("train", subset="paper")[: 24 if quick else 1000]
    others = nn.data.mnist.load("test", subset="paper")[: 10 if quick else 200]

    model = network(random.Random(0))
    print(nn.summary(model, (1, 28, 28)), end="\n\n")
    optimiser = nn.optim.SGD(model.parameters(), lr=0.03)
    trainer = nn.Trainer(model, optimiser, nn.CrossEntropyLoss(), [nn.callbacks.Progress()])
    loader = nn.data.DataLoader(images, batch_size=8, shuffle=True, seed=0)
    history = trainer.fit(loader, others, epochs=1 if quick else 5)

    answers = trainer.evaluate(others).predictions
    wrong = [f"{others.label(i)} (image {i}) as {a}" for i, a in enumerate(answers) if a != others.label(i)]
    print(f"{len(wrong)} of {len(others)} read wrongly, such as {', '.join(wrong[:5])}")
    return history.epochs[-1].test_accuracy


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
