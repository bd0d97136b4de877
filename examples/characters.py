"""A character model: a network reads the names of the chemical elements, and invents new ones.

    python examples/characters.py

After Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model" (2003), with characters for words:
each of the last three characters is looked up in a table of vectors, which are learnt too; the vectors, side by side,
go through one hidden layer, and out comes how likely each character is to be next. Its loss is in bits: how many yes-
or-no questions the next character is still worth. Large language models differ in size and in how they look back, not
in this.
"""

from __future__ import annotations

import math
import random
import sys

import nn
from tinygrad_lists import Value, jit, no_grad

ELEMENTS = """
actinium aluminium americium antimony argon arsenic astatine barium berkelium beryllium bismuth bohrium boron bromine
cadmium caesium calcium californium carbon cerium chlorine chromium cobalt copernicium copper curium darmstadtium
dubnium dysprosium einsteinium erbium europium fermium flerovium fluorine francium gadolinium gallium germanium gold
hafnium hassium helium holmium hydrogen indium iodine iridium iron krypton lanthanum lawrencium lead lithium
livermorium lutetium magnesium manganese meitnerium mendelevium mercury molybdenum moscovium neodymium neon neptunium
nickel nihonium niobium nitrogen nobelium oganesson osmium oxygen palladium phosphorus platinum plutonium polonium
potassium praseodymium promethium protactinium radium radon rhenium rhodium roentgenium rubidium ruthenium
rutherfordium samarium scandium seaborgium selenium silicon silver sodium strontium sulfur tantalum technetium
tellurium tennessine terbium thallium thorium thulium tin titanium tungsten uranium vanadium xenon ytterbium yttrium
zinc zirconium
"""
ALPHABET = ".abcdefghijklmnopqrstuvwxyz"  # the dot is before the first character and after the last
CONTEXT = 3


def examples(names: list[str]) -> tuple[list[list[int]], list[int]]:
    """Each character of each name, as an index, with those before it: ..., ..n, .ne, neo, eon for neon."""
    contexts, following = [], []
    for name in names:
        symbols = [0] * CONTEXT + [ALPHABET.index(character) for character in name + "."]
        for end in range(CONTEXT, len(symbols)):
            contexts.append(symbols[end - CONTEXT : end])
            following.append(symbols[end])
    return contexts, following


def invent(model: nn.Module, rng: random.Random) -> str:
    """Draw one character after the other until it is the dot; the power prefers what the model finds likely."""
    symbols = [0] * CONTEXT
    with no_grad():
        while len(symbols) < CONTEXT + 15:
            chances = model([symbols[-CONTEXT:]]).softmax(1).tolist()[0]
            symbols += rng.choices(range(len(ALPHABET)), [chance**1.5 for chance in chances])
            if not symbols[-1]:
                break
    return "".join(ALPHABET[symbol] for symbol in symbols[CONTEXT:]).rstrip(".")


def main(quick: bool = False) -> float:
    """Train, and print new names. Returns the loss in bits a character, on names that were not trained on."""
    rng = random.Random(0)
    elements = ELEMENTS.split()
    names = rng.sample(elements, len(elements))
    (contexts, following), held_out = examples(names[12:]), examples(names[:12])
    size, hidden = 8, 48
    model = nn.Sequential(
        nn.Embedding(len(ALPHABET), size, rng),  # (N, 3) -> (N, 3, 8)
        nn.Flatten(),
        nn.Dense(CONTEXT * size, hidden, rng=rng),
        nn.Tanh(),
        nn.Dropout(0.3, rng),
        nn.Dense(hidden, len(ALPHABET), rng=rng),
    )
    criterion = nn.CrossEntropyLoss()
    steps = 60 if quick else 400
    optimiser = nn.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.3)
    schedule = nn.schedulers.CosineAnnealingLR(optimiser, T_max=steps)

    def update(inputs: list[list[int]], answers: list[int]) -> Value:
        loss = criterion(model(inputs), answers)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    step = update if quick else jit(update)  # the same numbers up to rounding, compiled to C
    print(f"bits a character, if all were as likely: {math.log2(len(ALPHABET)):.2f}")
    loss, bits = 0.0, math.inf
    for number in range(1, steps + 1):
        chosen = rng.sample(range(len(contexts)), 32)
        loss += step([contexts[i] for i in chosen], [following[i] for i in chosen]).item()
        schedule.step()
        if number % (steps // 5) == 0:
            model.eval()
            with no_grad():
                bits = criterion(model(held_out[0]), held_out[1]).item() / math.log(2)
            model.train()
            print(f"step {number:4}: {loss / (steps // 5) / math.log(2):.2f} in training, {bits:.2f} on unseen names")
            loss = 0.0

    model.eval()
    names = [invent(model, rng) for _ in range(12 if quick else 30)]
    new = [name for name in names if name not in elements]
    print(f"\n{len(new)} of {len(names)} names that it draws are new:")
    for start in range(0, len(new), 6):
        print("  " + " ".join(f"{name:15}" for name in new[start : start + 6]).rstrip())
    return bits


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
