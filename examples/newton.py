"""Newton's method, with the Hessian from automatic differentiation, to 60 digits.

    python examples/newton.py

The minimum of Rosenbrock's function ("An automatic method for finding the greatest or least value of a function",
1960),

    f(x, y) = (1 - x)² + 100 (y - x²)²        minimum 0 at (1, 1)

lies in a long bent valley. Gradient descent creeps along it. Newton's method,

    p ← p - H(p)⁻¹ ∇f(p),        H: the matrix of second derivatives,

jumps to the lowest point of the parabola that fits f at p, and near the minimum it doubles the number of right digits
at each step. As a Value can hold Decimals, that can be watched far beyond the 16 digits of a float.
"""

from __future__ import annotations

import sys
from decimal import Decimal, localcontext

from tinygrad_lists import Value, grad, hessian


def rosenbrock(p: Value) -> Value:
    x, y = p[0], p[1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def solve(matrix: list[list[Decimal]], right: list[Decimal]) -> list[Decimal]:
    """The solution of two linear equations, by Cramer's rule."""
    (a, b), (c, d) = matrix
    e, f = right
    determinant = a * d - b * c
    return [(e * d - b * f) / determinant, (a * f - e * c) / determinant]


def newton(p: list[Decimal], steps: int) -> list[Decimal]:
    for step in range(steps + 1):
        distance = max(abs(p[0] - 1), abs(p[1] - 1))
        print(f"{step:4}   {p[0]:18.15f} {p[1]:18.15f}   {distance:8.0e}")
        if not distance:
            break
        move = solve(hessian(rosenbrock)(Value(p)).tolist(), grad(rosenbrock)(Value(p)).tolist())
        p = [coordinate - part for coordinate, part in zip(p, move, strict=True)]
    return p


def gradient_descent(p: list[float], steps: int, rate: float = 0.001) -> list[float]:
    for _ in range(steps):
        slope = grad(rosenbrock)(Value(p)).tolist()
        p = [coordinate - rate * part for coordinate, part in zip(p, slope, strict=True)]
    return p


def main(quick: bool = False) -> float:
    """Walk both ways down from the usual start. Returns how far from the minimum Newton's method ends."""
    with localcontext() as context:
        context.prec = 60
        print("step                    x                  y   distance to the minimum")
        x, y = newton([Decimal("-1.2"), Decimal(1)], steps=10)
        distance = float(max(abs(x - 1), abs(y - 1)))
    steps = 200 if quick else 5000
    a, b = gradient_descent([-1.2, 1.0], steps)
    print(f"Gradient descent is at ({a:.3f}, {b:.3f}) after {steps:,} steps.")
    return distance


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
