"""Functions of numbers: values on every kind, IEEE results on floats, errors that name the function and the remedy."""

from __future__ import annotations

import cmath
import math
import operator
import random
import struct
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal, Inexact, getcontext, localcontext
from fractions import Fraction
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_lists import decimal_functions, numeric
from tinygrad_lists.numeric import FLOAT_FUNCTIONS

TRANSCENDENTAL = ["exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "tanh", "sigmoid", "softplus", "erf"]
EXACT_UNARY = ["absolute", "sign", "relu", "floor"]
ARITHMETIC = ["divide", "power", "floor_divide", "remainder"]
COMPARISONS = ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]
BINARY = [*ARITHMETIC, *COMPARISONS, "maximum", "minimum", "gate"]
NOT_HOLOMORPHIC = [*EXACT_UNARY, "floor_divide", "remainder", "maximum", "minimum", *COMPARISONS[:4]]


def function(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(numeric, name)
    return found


def same(a: Any, b: Any) -> bool:
    """Same kind and same bits, except that any NaN is like any other."""
    if type(a) is not type(b):
        return False
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, float):
        return (a != a and b != b) or struct.pack("d", a) == struct.pack("d", b)
    return bool(a == b) or (a != a and b != b)


@pytest.mark.parametrize(
    "a, b",
    [(0.0, -0.0), (nan, 1.0), (1, 1.0), (1, True), (1.0, 1.0 + 2**-52), (0j, -0j), (Fraction(1), 1), (inf, -inf)],
)
def test_same_tells_apart(a: Any, b: Any) -> None:
    assert same(a, a) and same(b, b)
    assert not same(a, b)


# -- floats -----------------------------------------------------------------------------------------------------------


def specials() -> list[float]:
    tiny, largest = 5e-324, 1.7976931348623157e308
    positive = [0.0, tiny, 2.3e-308, 1e-20, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 37.0, 700.0, 710.0, 1e16, 1e200, largest, inf]
    return [*positive, *(-x for x in positive), nan]


def floats(count: int, seed: int) -> list[float]:
    """Floats of every size, among them many of ordinary size."""
    rng = random.Random(seed)
    bits = [struct.unpack("d", rng.randbytes(8))[0] for _ in range(count // 3)]
    return bits + [rng.uniform(-1, 1) * 10 ** rng.uniform(-12, 3) for _ in range(count - count // 3)]


@pytest.mark.parametrize("name", ["exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "tanh", "erf"])
def test_floats_are_those_of_math(name: str) -> None:
    compared = 0
    for x in specials() + floats(1000, seed=1):
        try:
            expected = getattr(math, name)(x)
        except (OverflowError, ValueError):
            continue
        assert same(function(name)(x), expected), x
        compared += 1
    assert compared > 400


IEEE_UNARY = [
    ("exp", 1000.0, inf),
    ("exp", -1000.0, 0.0),
    ("exp", -inf, 0.0),
    ("log", 0.0, -inf),
    ("log", -0.0, -inf),
    ("log", -1.0, nan),
    ("log", -inf, nan),
    ("log", inf, inf),
    ("log1p", -1.0, -inf),
    ("log1p", -1.5, nan),
    ("log1p", -inf, nan),
    ("log1p", -0.0, -0.0),
    ("expm1", 1000.0, inf),
    ("expm1", -1000.0, -1.0),
    ("expm1", -0.0, -0.0),
    ("sqrt", -1.0, nan),
    ("sqrt", -inf, nan),
    ("sqrt", -0.0, -0.0),
    ("sin", inf, nan),
    ("sin", -inf, nan),
    ("sin", -0.0, -0.0),
    ("cos", inf, nan),
    ("cos", -inf, nan),
    ("tan", inf, nan),
    ("tan", -inf, nan),
    ("tanh", inf, 1.0),
    ("tanh", -1000.0, -1.0),
    ("sigmoid", 1000.0, 1.0),
    ("sigmoid", -1000.0, 0.0),
    ("sigmoid", inf, 1.0),
    ("sigmoid", -inf, 0.0),
    ("softplus", 1000.0, 1000.0),
    ("softplus", -1000.0, 0.0),
    ("softplus", inf, inf),
    ("softplus", -inf, 0.0),
    ("erf", inf, 1.0),
    ("erf", -inf, -1.0),
    ("absolute", -0.0, 0.0),
    ("absolute", -inf, inf),
    ("sign", -0.0, 0.0),
    ("sign", -inf, -1.0),
    ("sign", 5e-324, 1.0),
    ("relu", -0.0, 0.0),
    ("relu", -inf, 0.0),
    ("relu", inf, inf),
    ("floor", inf, inf),
    ("floor", -inf, -inf),
    ("floor", -0.0, -0.0),
    ("floor", -1e-300, -1.0),
    ("floor", 1e300, 1e300),
    *((name, nan, nan) for name in TRANSCENDENTAL + EXACT_UNARY),
]


@pytest.mark.parametrize("name, x, expected", IEEE_UNARY)
def test_ieee_results_of_one_number(name: str, x: float, expected: float) -> None:
    assert same(function(name)(x), expected)


IEEE_BINARY = [
    ("divide", 1.0, 0.0, inf),
    ("divide", 1.0, -0.0, -inf),
    ("divide", -1.0, 0.0, -inf),
    ("divide", -1.0, -0.0, inf),
    ("divide", 0.0, 0.0, nan),
    ("divide", nan, 0.0, nan),
    ("divide", inf, 0.0, inf),
    ("divide", inf, inf, nan),
    ("divide", 1e308, 1e-308, inf),
    ("divide", -1.0, 0, -inf),
    ("divide", 1, 0, inf),
    ("divide", 0, 0, nan),
    ("power", 0.0, -1.0, inf),
    ("power", -0.0, -1.0, -inf),
    ("power", -0.0, -2.0, inf),
    ("power", -0.0, -0.5, inf),
    ("power", 0.0, 0.0, 1.0),
    ("power", nan, 0.0, 1.0),
    ("power", 1.0, nan, 1.0),
    ("power", nan, 1.0, nan),
    ("power", -8.0, 1 / 3, nan),
    ("power", 10.0, 400.0, inf),
    ("power", -10.0, 401.0, -inf),
    ("power", -10.0, 400.0, inf),
    ("power", -0.1, -401.0, -inf),
    ("power", -10.0, 400.5, nan),
    ("power", 10.0, -400.0, 0.0),
    ("power", -10.0, -401.0, -0.0),
    ("power", -2.0, inf, inf),
    ("power", -2.0, -inf, 0.0),
    ("power", inf, -1.0, 0.0),
    ("power", -inf, 3.0, -inf),
    ("power", 0.0, -1, inf),
    ("power", 0, -1, inf),
    ("power", -10.0, 401, -inf),
    ("floor_divide", 1.0, 0.0, inf),
    ("floor_divide", 1.0, -0.0, -inf),
    ("floor_divide", 0.0, 0.0, nan),
    ("floor_divide", inf, 1.0, nan),
    ("remainder", 1.0, 0.0, nan),
    ("remainder", inf, 1.0, nan),
    ("remainder", 1.0, inf, 1.0),
    ("maximum", nan, 1.0, nan),
    ("maximum", 1.0, nan, nan),
    ("maximum", nan, nan, nan),
    ("maximum", -inf, inf, inf),
    ("maximum", 1, nan, nan),
    ("minimum", nan, 1.0, nan),
    ("minimum", 1.0, nan, nan),
    ("minimum", -inf, inf, -inf),
    ("minimum", nan, 1, nan),
    ("gate", 5.0, 1e-300, 5.0),
    ("gate", 5.0, 0.0, 0.0),
    ("gate", 5.0, -0.0, 0.0),
    ("gate", 5.0, -1.0, 0.0),
    ("gate", 5.0, nan, 5.0),
    ("gate", nan, -1.0, 0.0),
    ("gate", nan, 1.0, nan),
    ("gate", inf, -1.0, 0.0),
]


@pytest.mark.parametrize("name, a, b, expected", IEEE_BINARY)
def test_ieee_results_of_two_numbers(name: str, a: float, b: float, expected: float) -> None:
    assert same(function(name)(a, b), expected)


@pytest.mark.parametrize("name", TRANSCENDENTAL + EXACT_UNARY)
def test_floats_never_raise_and_stay_floats(name: str) -> None:
    assert {type(function(name)(x)) for x in specials() + floats(1000, seed=2)} == {float}


@pytest.mark.parametrize("name", [*ARITHMETIC, "maximum", "minimum", "gate", *COMPARISONS])
def test_pairs_of_floats_never_raise_and_keep_their_kind(name: str) -> None:
    kinds = {type(function(name)(a, b)) for a in specials() for b in specials()}
    assert kinds == ({int} if name in COMPARISONS else {float})


def test_comparisons_are_those_of_floats() -> None:
    operators = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
    for name, compare in zip(COMPARISONS, operators, strict=True):
        for a in specials():
            for b in specials():
                assert same(function(name)(a, b), int(compare(a, b)))


def test_power_has_the_bits_of_the_operator() -> None:
    """Users expect `x ** y` on Values to be what `**` is on floats."""
    compared = 0
    pairs = [(a, b) for a in specials() for b in specials()]
    xs = floats(20_000, seed=3)
    pairs += list(zip(xs, floats(20_000, seed=4), strict=True))
    pairs += [(x, float(n)) for x in xs[:4000] for n in (-3, -1, 2, 3, 5)]
    for a, b in pairs:
        try:
            expected = a**b
        except (OverflowError, ZeroDivisionError):
            continue
        if not isinstance(expected, complex):
            assert same(numeric.power(a, b), expected), (a, b)
            compared += 1
    assert compared > 20_000


@pytest.mark.parametrize("name", FLOAT_FUNCTIONS)
def test_float_functions_have_the_same_bits_or_raise(name: str) -> None:
    fast, right = FLOAT_FUNCTIONS[name], function(name)
    xs = specials() + floats(3000, seed=5)
    if name in ARITHMETIC:
        arguments = [(a, b) for a in specials() for b in specials()]
        arguments += list(zip(xs, reversed(xs), strict=True))
    else:
        arguments = [(x,) for x in xs]  # type: ignore[misc]
    raised = 0
    for args in arguments:
        try:
            result = fast(*args)
        except (ArithmeticError, ValueError):
            raised += 1
            continue
        assert same(result, right(*args)), args
    assert raised < len(arguments) / 2 or name in ("log", "sqrt", "power"), "a function that mostly raises is not fast"


def test_fallback_of_a_list() -> None:
    with pytest.raises(OverflowError):
        list(map(FLOAT_FUNCTIONS["exp"], [0.0, 1000.0]))
    assert list(map(numeric.exp, [0.0, 1000.0])) == [1.0, inf]


@given(st.floats(-700, 700))
def test_sigmoid_and_softplus_keep_their_digits(x: float) -> None:
    """The direct formulas overflow or round to 0 and 1."""
    exact = Decimal(x)
    assert numeric.sigmoid(x) == pytest.approx(float(1 / (1 + (-exact).exp())), rel=1e-15, abs=0.0)
    with localcontext() as context:
        context.prec = 400
        assert numeric.softplus(x) == pytest.approx(float((1 + exact.exp()).ln()), rel=1e-15, abs=0.0)


# -- complex ----------------------------------------------------------------------------------------------------------


def complex_numbers(count: int) -> list[complex]:
    rng = random.Random(6)

    def part() -> float:
        return rng.choice([-1, 1]) * 10 ** rng.uniform(-9, 1)

    return [complex(part(), part()) for _ in range(count)]


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "tan", "tanh"])
def test_complex_values_are_those_of_cmath(name: str) -> None:
    for z in complex_numbers(300):
        assert same(function(name)(z), getattr(cmath, name)(z))


def is_holomorphic_at(f: Callable[[complex], complex], z: complex) -> bool:
    """Cauchy-Riemann: central differences along the real and the imaginary axis agree, up to their rounding errors."""
    h = 1e-6
    along = (f(z + h) - f(z - h)) / (2 * h)
    across = (f(z + h * 1j) - f(z - h * 1j)) / (2j * h)
    return abs(along - across) <= 1e-9 * (abs(along) + abs(f(z)))


def test_is_holomorphic_at_rejects_what_is_not() -> None:
    assert is_holomorphic_at(lambda z: z * z, 1 + 0.3j)
    assert not is_holomorphic_at(lambda z: z.conjugate(), 1 + 0.3j)
    assert not is_holomorphic_at(lambda z: complex(z.real**2, z.imag), 1 + 0.3j)


@pytest.mark.parametrize("name", [name for name in TRANSCENDENTAL if name != "erf"])
def test_complex_functions_continue_the_real_ones(name: str) -> None:
    f = function(name)
    for x in [0.001, 0.2, 0.7, 1.3, 4.0]:
        assert f(complex(x, 0.0)).real == pytest.approx(f(x), rel=1e-14)
        assert is_holomorphic_at(f, complex(x, 0.3))


@pytest.mark.parametrize("name", [name for name in TRANSCENDENTAL if name != "erf"])
def test_complex_step_gives_the_derivative_without_cancellation(name: str) -> None:
    x, step = Decimal("0.7"), Decimal("1e-30")
    with localcontext() as context:
        context.prec = 80
        slope = (function(name)(x + step) - function(name)(x - step)) / (2 * step)
    assert function(name)(complex(0.7, 1e-200)).imag / 1e-200 == pytest.approx(float(slope), rel=1e-14)


def test_complex_log1p_and_expm1_are_precise_near_zero() -> None:
    for z in complex_numbers(300):
        if abs(z) < 0.2:
            # Three terms of the series, which leave a relative error of |z|³/4.
            tolerance = abs(z) ** 3 + 1e-15
            assert abs(numeric.log1p(z) - (z - z * z / 2 + z**3 / 3)) <= tolerance * abs(z)
            assert abs(numeric.expm1(z) - (z + z * z / 2 + z**3 / 6)) <= tolerance * abs(z)
            assert abs(numeric.expm1(numeric.log1p(z)) - z) <= 2e-15 * abs(z)


def test_complex_softplus_is_the_principal_logarithm() -> None:
    for z in [3 + 5j, 3 - 5j, -3 + 5j, 0.5 + 100j, 20 + 3j]:
        assert numeric.softplus(z) == pytest.approx(cmath.log(1 + cmath.exp(z)), rel=1e-14)


COMPLEX_LIMITS = [
    ("exp", (1000 + 0j,), complex(inf, 0)),
    ("exp", (1000 + 2j,), complex(-inf, inf)),
    ("exp", (1e6 + 2j,), complex(-inf, inf)),
    ("exp", (complex(0, inf),), complex(nan, nan)),
    ("log", (0j,), complex(-inf, 0)),
    ("log", (complex(-0.0, 0.0),), complex(-inf, math.pi)),
    ("log1p", (-1 + 0j,), complex(-inf, 0)),
    ("expm1", (1000 + 0j,), complex(inf, 0)),
    ("sin", (1 - 1000j,), complex(inf, -inf)),
    ("cos", (1 - 1000j,), complex(inf, inf)),
    ("sin", (complex(inf, 1),), complex(nan, nan)),
    ("cos", (complex(inf, 1),), complex(nan, nan)),
    ("tan", (complex(inf, 1),), complex(nan, nan)),
    ("tanh", (complex(1, inf),), complex(nan, nan)),
    ("tanh", (1000 + 1j,), complex(1, 0)),
    ("sigmoid", (1000 + 1j,), complex(1, 0)),
    ("sigmoid", (-1000 + 1j,), 0j),
    ("sigmoid", (-600 + 1j,), cmath.exp(-600 + 1j)),
    ("softplus", (1000 + 1j,), complex(1000, 1)),
    ("divide", (1 + 0j, 0j), complex(inf, nan)),
    ("divide", (1 - 2j, 0.0), complex(inf, -inf)),
    ("divide", (1 - 2j, -0.0), complex(-inf, inf)),
    ("power", (0j, 0), 1 + 0j),
    ("power", (0j, 2), 0j),
    ("power", (0j, -1), complex(inf, nan)),
    ("power", (1e200 + 0j, 2), complex(inf, 0)),
]


@pytest.mark.parametrize("name, args, expected", COMPLEX_LIMITS)
def test_complex_limits_are_parts_and_no_exceptions(name: str, args: tuple[Any, ...], expected: complex) -> None:
    result = function(name)(*args)
    assert isinstance(result, complex)
    for part, wanted in [(result.real, expected.real), (result.imag, expected.imag)]:
        assert part == pytest.approx(wanted, rel=1e-15, nan_ok=True)


def test_complex_overflow_keeps_the_part_that_is_finite() -> None:
    """exp(710 + iπ/2) has a huge imaginary part; its real part is finite, neither inf nor NaN."""
    z = complex(710.0, math.pi / 2)
    result = numeric.exp(z)
    assert result.imag == inf
    assert result.real == pytest.approx(math.exp(700) * math.cos(math.pi / 2) * math.exp(10), rel=1e-12)


@pytest.mark.parametrize("name", NOT_HOLOMORPHIC)
def test_functions_that_are_not_holomorphic_refuse_complex_numbers(name: str) -> None:
    args = (1j,) if name in EXACT_UNARY else (1j, 2.0)
    with pytest.raises(TypeError, match=rf"^{name}: not holomorphic.*the real or imaginary part"):
        function(name)(*args)


def test_gate_decides_by_a_real_number_only() -> None:
    assert numeric.gate(1j, 0.5) == 1j
    assert same(numeric.gate(1j, -0.5), 0j)
    with pytest.raises(TypeError, match=r"^gate: not holomorphic"):
        numeric.gate(1.0, 1j)


def test_erf_of_a_complex_number() -> None:
    with pytest.raises(TypeError, match=r"^erf: .*complex"):
        numeric.erf(1j)


# -- Decimal ----------------------------------------------------------------------------------------------------------

# The first 51 digits, checked with mpmath 1.3.
KNOWN_DIGITS = [
    ("exp", "1", "2.71828182845904523536028747135266249775724709369995"),
    ("log", "2", "0.69314718055994530941723212145817656807550013436026"),
    ("log1p", "1", "0.69314718055994530941723212145817656807550013436026"),
    ("sqrt", "2", "1.41421356237309504880168872420969807856967187537694"),
    ("sin", "1", "0.84147098480789650665250232163029899962256306079837"),
    ("cos", "1", "0.54030230586813971740093660744297660373231042061792"),
    ("tan", "1", "1.55740772465490223050697480745836017308725077238152"),
    ("tanh", "1", "0.76159415595576488811945828260479359041276859725794"),
    ("erf", "1", "0.84270079294971486934122063508260925929606699796630"),
]


@pytest.mark.parametrize("name, x, digits", KNOWN_DIGITS)
def test_decimal_functions_give_known_digits(name: str, x: str, digits: str) -> None:
    with localcontext() as context:
        context.prec = 45
        assert function(name)(Decimal(x)) == +Decimal(digits)


def test_decimal_pi() -> None:
    with localcontext() as context:
        context.prec = 50
        assert str(numeric.pi_like(Decimal(1))) == "3.1415926535897932384626433832795028841971693993751"
        context.prec = 1000
        assert numeric.absolute(numeric.sin(numeric.pi_like(Decimal(1)))) < Decimal("1e-998")


def ulps(result: Decimal, reference: Decimal, digits: int) -> Decimal:
    """Distance in units of the last of `digits` digits of `reference`."""
    with localcontext() as context:
        context.prec = 2 * digits + 60
        return abs(result - reference).scaleb(digits - 1 - reference.adjusted())


def test_ulps_notices_a_wrong_last_digit() -> None:
    assert ulps(Decimal("1.235"), Decimal("1.234"), 4) == 1
    assert ulps(Decimal("0.001235"), Decimal("0.0012345"), 4) == Decimal("0.5")


def angles_and_edges(digits: int) -> list[Decimal]:
    """Ordinary numbers, tiny and huge ones, and those where naive formulas lose their digits."""
    plain = [
        "0.7",
        "1e-5",
        "-1e-5",
        "3.3e-40",
        "-0.1",
        "0.0999",
        "-0.9999",
        "2.5",
        "-17.25",
        "123.456",
        "-456.789",
        "1e7",
    ]
    with localcontext() as context:
        context.prec = digits
        pi = numeric.pi_like(Decimal(1))
        rounded = [pi, -pi, pi / 2, 7 * pi / 2, 100 * pi]
        near_minus_one = [Decimal(10) ** (1 - digits) - 1, Decimal("-0." + "9" * 200)]
        erf_not_yet_one = (2 * Decimal(digits)).sqrt()
        return [*map(Decimal, plain), *rounded, *near_minus_one, erf_not_yet_one, Decimal(1) / 3, Decimal(2).sqrt()]


@pytest.mark.parametrize("digits", [3, 28, 50, 100])
@pytest.mark.parametrize("name", TRANSCENDENTAL)
def test_decimal_functions_are_right_to_the_last_digit(name: str, digits: int) -> None:
    """Half a unit in the last place is what rounding alone costs; the reference has 30 digits more."""
    f = function(name)
    for x in angles_and_edges(digits):
        if (name in ("log", "sqrt") and x < 0) or (name == "log1p" and x <= -1):
            continue
        if name in ("exp", "expm1") and x > 100_000:
            continue
        with localcontext() as context:
            context.prec = digits
            result = f(x)
            assert len(result.as_tuple().digits) <= digits
            context.prec = digits + 30
            reference = f(x)
        assert ulps(result, reference, digits) <= Decimal("0.5000001"), x


def exact_series(name: str, x: Fraction, terms: int) -> Fraction:
    """The power series at 0 in rational arithmetic, independent of the code under test (without 2/√π for erf)."""
    total = Fraction(0)
    for n in range(terms):
        odd = 2 * n + 1
        total += {
            "exp": x**n / math.factorial(n),
            "sin": (-1) ** n * x**odd / math.factorial(odd),
            "cos": (-1) ** n * x ** (2 * n) / math.factorial(2 * n),
            "erf": (-1) ** n * x**odd / (math.factorial(n) * odd),
            "log1p": -((-x) ** (n + 1)) / (n + 1),
        }[name]
    return total


@pytest.mark.parametrize("name, x, terms", [("exp", 2, 90), ("sin", 2, 60), ("cos", 2, 60), ("erf", 1, 80)])
def test_decimal_functions_agree_with_exact_series(name: str, x: int, terms: int) -> None:
    x_exact = Fraction(x, 3)
    with localcontext() as context:
        context.prec = 100
        series = exact_series(name, x_exact, terms)
        context.prec = 130
        argument = Decimal(x) / 3
        expected = Decimal(series.numerator) / series.denominator
        if name == "erf":
            expected *= 2 / numeric.sqrt(numeric.pi_like(argument))
        context.prec = 100
        assert ulps(function(name)(argument), expected, 100) <= Decimal("0.5000001")


def test_decimal_log1p_and_friends_agree_with_exact_series() -> None:
    x = Fraction(1, 16)
    with localcontext() as context:
        context.prec = 100
        argument = Decimal(1) / 16
        log1p = exact_series("log1p", x, 90)
        expm1 = exact_series("exp", x, 60) - 1
        for name, series in [("log1p", log1p), ("expm1", expm1)]:
            context.prec = 130
            expected = Decimal(series.numerator) / series.denominator
            context.prec = 100
            assert ulps(function(name)(argument), expected, 100) <= Decimal("0.5000001")


@given(st.decimals(-30, 30, places=6, allow_nan=False), st.sampled_from([28, 50, 100]))
def test_decimal_identities(x: Decimal, digits: int) -> None:
    with localcontext() as context:
        context.prec = digits
        epsilon = Decimal(10) ** (3 - digits)
        assert abs(numeric.sin(x) ** 2 + numeric.cos(x) ** 2 - 1) < epsilon
        assert abs(numeric.tan(x) * numeric.cos(x) - numeric.sin(x)) < epsilon
        assert abs(numeric.sigmoid(x) + numeric.sigmoid(-x) - 1) < epsilon
        assert abs(numeric.tanh(x) - (2 * numeric.sigmoid(2 * x) - 1)) < epsilon
        assert abs(numeric.softplus(x) - numeric.softplus(-x) - x) < 100 * epsilon
        assert abs(numeric.log1p(numeric.expm1(x)) - x) < epsilon * (1 + abs(x)) * (1 + (-x).exp())
        assert numeric.erf(-x) == -numeric.erf(x)


@pytest.mark.parametrize("name", TRANSCENDENTAL)
@given(x=st.floats(-50, 50))
def test_decimal_and_float_agree(name: str, x: float) -> None:
    if name in ("log", "sqrt"):
        x = abs(x) + 1e-3
    if name == "log1p":
        x = max(x, -0.999)
    expected = function(name)(x)
    result = function(name)(Decimal(x))
    assert float(result) == pytest.approx(expected, rel=1e-15, abs=1e-300)


def test_decimal_context_is_obeyed_and_left_alone() -> None:
    """Rounding mode and precision count for the result; a trap on inexact results must not go off halfway."""
    with localcontext() as context:
        context.prec = 10
        context.rounding = ROUND_DOWN
        assert str(numeric.tanh(Decimal(1))) == "0.7615941559"  # ...15595
        assert str(numeric.erf(Decimal(1))) == "0.8427007929"  # ...92949
        assert (getcontext().prec, getcontext().rounding) == (10, ROUND_DOWN)
        context.traps[Inexact] = True
        assert numeric.sin(Decimal(0)) == 0
        with pytest.raises(Inexact):
            numeric.sin(Decimal(1))


def test_decimal_zero_infinity_and_nan() -> None:
    infinity, zero, not_a_number = Decimal("Infinity"), Decimal(0), Decimal("NaN")
    for name in ["log1p", "expm1", "sqrt", "sin", "tan", "tanh", "erf"]:
        assert str(function(name)(zero)) == "0"
    assert [function(name)(zero) for name in ("exp", "cos", "sigmoid")] == [1, 1, Decimal("0.5")]
    assert [function(name)(infinity) for name in ("tanh", "sigmoid", "erf")] == [1, 1, 1]
    assert [function(name)(-infinity) for name in ["exp", "expm1", "tanh", "sigmoid", "softplus", "erf"]] == [
        0,
        -1,
        -1,
        0,
        0,
        -1,
    ]
    assert [function(name)(infinity) for name in ["exp", "expm1", "log", "log1p", "sqrt", "softplus"]] == [infinity] * 6
    for name in TRANSCENDENTAL + EXACT_UNARY:
        assert function(name)(not_a_number).is_nan()
    for name in [*ARITHMETIC[2:], "divide", "maximum", "minimum"]:
        assert function(name)(not_a_number, Decimal(1)).is_nan()
        assert function(name)(Decimal(1), not_a_number).is_nan()
    assert [function(name)(not_a_number, Decimal(1)) for name in COMPARISONS] == [0, 0, 0, 0, 0, 1]
    assert numeric.gate(Decimal(3), not_a_number) == 3


@given(st.integers(-50, 50), st.integers(-9, 9).filter(bool))
def test_decimal_floor_division_is_that_of_ints(a: int, b: int) -> None:
    """Decimal's own // and % round towards zero."""
    assert numeric.floor_divide(Decimal(a), Decimal(b)) == a // b == numeric.floor_divide(Fraction(a), b)
    assert numeric.remainder(Decimal(a), Decimal(b)) == a % b == numeric.remainder(Fraction(a), b)
    assert numeric.floor_divide(float(a), float(b)) == a // b == numeric.floor_divide(a, b)
    assert numeric.remainder(float(a), float(b)) == a % b == numeric.remainder(a, b)


# -- kinds ------------------------------------------------------------------------------------------------------------


class Float64(float):
    """Stands for numpy.float64, a subclass of float."""


@pytest.mark.parametrize("name", TRANSCENDENTAL)
def test_kind_of_the_result_of_a_transcendental_function(name: str) -> None:
    f = function(name)
    assert same(f(1), f(1.0))
    assert same(f(True), f(1.0))
    assert same(f(Float64(0.5)), f(0.5))
    assert type(f(Decimal("0.5"))) is Decimal
    if name != "erf":
        assert type(f(0.5j)) is complex


@pytest.mark.parametrize(
    "name, x, expected",
    [
        ("absolute", -3, 3),
        ("absolute", True, 1),
        ("absolute", Fraction(-2, 3), Fraction(2, 3)),
        ("absolute", Decimal("-2.5"), Decimal("2.5")),
        ("absolute", Float64(-2.5), 2.5),
        ("sign", -3, -1),
        ("sign", 0, 0),
        ("sign", True, 1),
        ("sign", 10**400, 1),
        ("sign", Fraction(-2, 3), Fraction(-1)),
        ("sign", Fraction(0), Fraction(0)),
        ("sign", Decimal("-2.5"), Decimal(-1)),
        ("sign", Float64(-2.5), -1.0),
        ("relu", -3, 0),
        ("relu", 10**400, 10**400),
        ("relu", Fraction(-2, 3), Fraction(0)),
        ("relu", Fraction(2, 3), Fraction(2, 3)),
        ("relu", Decimal("-2.5"), Decimal(0)),
        ("relu", Float64(2.5), 2.5),
        ("floor", -3, -3),
        ("floor", True, 1),
        ("floor", Fraction(-2, 3), Fraction(-1)),
        ("floor", Decimal("-2.5"), Decimal(-3)),
        ("floor", Float64(2.5), 2.0),
        ("sqrt", Fraction(49, 64), Fraction(7, 8)),
        ("sqrt", Fraction(10**400), Fraction(10**200)),
    ],
)
def test_exact_functions_keep_the_kind(name: str, x: Any, expected: Any) -> None:
    assert same(function(name)(x), expected)


@pytest.mark.parametrize(
    "name, a, b, expected",
    [
        ("divide", 7, 2, 3.5),
        ("divide", 10**400, 10**399, 10.0),
        ("divide", 1.0, 4, 0.25),
        ("divide", 1, 4.0, 0.25),
        ("divide", Fraction(1), 3, Fraction(1, 3)),
        ("divide", 1, Fraction(3), Fraction(1, 3)),
        ("divide", Decimal(1), 8, Decimal("0.125")),
        ("divide", 1j, 2, 0.5j),
        ("divide", Float64(1.0), Float64(4.0), 0.25),
        ("power", 2, 10, 1024),
        ("power", 2, -1, 0.5),
        ("power", True, True, 1),
        ("power", 0, 0, 1),
        ("power", 3.0, 2, 9.0),
        ("power", 2, 0.5, math.sqrt(2)),
        ("power", Fraction(2, 3), -2, Fraction(9, 4)),
        ("power", Fraction(2, 3), Fraction(2), Fraction(4, 9)),
        ("power", 2, Fraction(-3), Fraction(1, 8)),
        ("power", Fraction(0), 0, Fraction(1)),
        ("power", Decimal(3), 2, Decimal(9)),
        ("power", Decimal(0), 0, Decimal(1)),
        ("power", Decimal("NaN"), 0, Decimal(1)),
        ("power", 2j, 2, -4 + 0j),
        ("power", 1.5, 0j, 1 + 0j),
        ("floor_divide", Fraction(7, 2), 1, Fraction(3)),
        ("floor_divide", -7, 2, -4),
        ("floor_divide", -7.5, 2, -4.0),
        ("remainder", Fraction(-7, 2), 1, Fraction(1, 2)),
        ("remainder", -7, 2, 1),
        ("maximum", 3, 2, 3),
        ("maximum", 3, 2.0, 3.0),
        ("maximum", False, 2.0, 2.0),
        ("maximum", 1, Fraction(1, 2), Fraction(1)),
        ("maximum", Decimal("0.5"), 1, Decimal(1)),
        ("minimum", 3, 2.0, 2.0),
        ("minimum", 1, Fraction(3, 2), Fraction(1)),
        ("gate", 2, 0.5, 2),
        ("gate", True, -0.5, 0),
        ("gate", Fraction(1, 2), -1, Fraction(0)),
        ("gate", Fraction(1, 2), Fraction(1, 9), Fraction(1, 2)),
        ("gate", Decimal(5), Decimal(0), Decimal(0)),
        ("gate", Float64(5.0), 1.0, 5.0),
        ("less", 2**53, float(2**53) + 2, 1),
        ("less", 2**53 + 1, float(2**53), 0),
        ("equal", 2**53 + 1, float(2**53), 0),
        ("less", 10**400, 1.0, 0),
        ("greater", 10**400, 1.0, 1),
        ("less_equal", Fraction(1, 3), Fraction(1, 3), 1),
        ("greater", Decimal("0.1"), 0, 1),
        ("equal", 1j, 1j, 1),
        ("not_equal", 1j, 1.0, 1),
        ("equal", True, 1, 1),
    ],
)
def test_kinds_of_pairs(name: str, a: Any, b: Any, expected: Any) -> None:
    assert same(function(name)(a, b), expected)


@pytest.mark.parametrize(
    "c, a, b, expected",
    [
        (1, 2.0, 3.0, 2.0),
        (0, 2.0, 3.0, 3.0),
        (True, 2, 3, 2),
        (0.0, 2, 3.0, 3.0),
        (1, 2, 3.0, 2.0),
        (nan, 2.0, 3.0, 2.0),
        (Fraction(0), Fraction(1, 2), 3, Fraction(3)),
        (1, Decimal(1), 0, Decimal(1)),
        (0, 1j, 2.0, 2 + 0j),
        (1, Float64(2.0), Float64(3.0), 2.0),
    ],
)
def test_where(c: Any, a: Any, b: Any, expected: Any) -> None:
    assert same(numeric.where(c, a, b), expected)


@pytest.mark.parametrize(
    "x, kind, zero, one, pi",
    [
        (2.5, "float", 0.0, 1.0, math.pi),
        (Float64(2.5), "float", 0.0, 1.0, math.pi),
        (2, "int", 0, 1, math.pi),
        (True, "int", 0, 1, math.pi),
        (2j, "complex", 0j, 1 + 0j, complex(math.pi)),
        (Decimal(2), "Decimal", Decimal(0), Decimal(1), Decimal("3.141592653589793238462643383")),
    ],
)
def test_constants_in_the_kind_of_a_number(x: Any, kind: str, zero: Any, one: Any, pi: Any) -> None:
    assert numeric.kind_name(x) == kind
    assert same(numeric.zero_like(x), zero)
    assert same(numeric.one_like(x), one)
    assert same(numeric.pi_like(x), pi)


def test_constants_of_fractions() -> None:
    x = Fraction(1, 2)
    assert numeric.kind_name(x) == "Fraction"
    assert same(numeric.zero_like(x), Fraction(0)) and same(numeric.one_like(x), Fraction(1))
    with pytest.raises(TypeError, match=r"^pi_like: .*irrational; use Decimal or float"):
        numeric.pi_like(x)


def test_one_rule_serves_every_kind() -> None:
    """The reverse rule of erf, g·2/√π·exp(-x²), on three kinds."""

    def rule(g: Any, x: Any) -> Any:
        return g * numeric.divide(2, numeric.sqrt(numeric.pi_like(x))) * numeric.exp(-x * x)

    expected = 0.8787825789354449  # 2/√π · exp(-1/4)
    assert rule(1.0, 0.5) == pytest.approx(expected, rel=1e-15)
    assert float(rule(Decimal(1), Decimal("0.5"))) == pytest.approx(expected, rel=1e-15)
    assert rule(1.0, 0.5 + 0j) == pytest.approx(expected, rel=1e-15)


# -- errors -----------------------------------------------------------------------------------------------------------

ERRORS: list[tuple[type[Exception], str, tuple[Any, ...], str]] = [
    *((TypeError, name, (Fraction(0),), "irrational; use Decimal or float, e.g. Value") for name in TRANSCENDENTAL[:4]),
    *((TypeError, name, (Fraction(1),), "irrational; use Decimal or float, e.g. Value") for name in TRANSCENDENTAL[5:]),
    (TypeError, "sqrt", (Fraction(2),), "irrational; use Decimal or float"),
    (TypeError, "sqrt", (Fraction(4, 3),), "irrational; use Decimal or float"),
    (ValueError, "sqrt", (Fraction(-4),), "not real at -4 for Fraction"),
    (ValueError, "sqrt", (Decimal(-4),), "not defined at -4 for Decimal"),
    (ValueError, "log", (Decimal(0),), "not finite at 0 for Decimal; use float"),
    (ValueError, "log", (Decimal(-1),), "not defined at -1 for Decimal; use float"),
    (ValueError, "log1p", (Decimal(-1),), "not finite at -1 for Decimal; use float"),
    (ValueError, "log1p", (Decimal(-3),), "not defined at -3 for Decimal; use float"),
    (ValueError, "sin", (Decimal("Infinity"),), "not defined at Infinity for Decimal"),
    (ValueError, "cos", (Decimal("1e20000"),), r"too large an angle at 1E\+20000"),
    (OverflowError, "exp", (Decimal("1e20"),), "exceeds the exponents of the decimal context"),
    (OverflowError, "expm1", (Decimal("1e20"),), "exceeds the exponents of the decimal context"),
    *((OverflowError, name, (10**400,), "1329 bits does not fit a float; use Decimal") for name in TRANSCENDENTAL),
    (ZeroDivisionError, "divide", (Fraction(1), 0), "1 and 0: division by zero, and Fraction has no infinity"),
    (ZeroDivisionError, "divide", (Decimal(1), 0), "1 and 0: division by zero, and Decimal has no infinity"),
    (ZeroDivisionError, "divide", (Decimal(0), 0), "0 and 0: division by zero"),
    (ZeroDivisionError, "divide", (Fraction(10**5000), 0), "a Fraction of thousands of digits and 0"),
    (ZeroDivisionError, "floor_divide", (1, 0), "division by zero, and int has no infinity; use float"),
    (ZeroDivisionError, "floor_divide", (Fraction(1), 0), "division by zero"),
    (ZeroDivisionError, "floor_divide", (Decimal(1), 0), "division by zero"),
    (ZeroDivisionError, "remainder", (1, 0), "division by zero"),
    (ZeroDivisionError, "remainder", (Fraction(1), 0), "division by zero"),
    (ZeroDivisionError, "remainder", (Decimal(1), 0), "division by zero"),
    (ZeroDivisionError, "power", (Fraction(0), -1), "division by zero"),
    (ZeroDivisionError, "power", (Decimal(0), -1), "division by zero"),
    (TypeError, "power", (Fraction(4), Fraction(1, 2)), "use an integral exponent, Decimal or float"),
    (TypeError, "power", (2, Fraction(1, 2)), "use an integral exponent, Decimal or float"),
    (TypeError, "power", (Fraction(4), 0.5), "Fraction and float do not mix"),
    (ValueError, "power", (Decimal(-8), Decimal("0.5")), "not defined at -8 and 0.5 for Decimal"),
    (OverflowError, "power", (Decimal(10), 10**9), "exceeds the exponents of the decimal context"),
    (OverflowError, "power", (10, 10**10), "over 16777216 bits"),
    (OverflowError, "power", (Fraction(1, 10), 10**10), "over 16777216 bits"),
    (OverflowError, "power", (2.0, 10**400), "1329 bits does not fit a float"),
    (OverflowError, "divide", (2.0, 10**400), "1329 bits does not fit a float"),
    (OverflowError, "divide", (10**400, 2.0), "1329 bits does not fit a float"),
    (OverflowError, "divide", (10**400, 3), "does not fit a float; use Fraction or Decimal"),
    (OverflowError, "maximum", (10**400, 3.0), "1329 bits does not fit a float"),
    *((TypeError, name, (Decimal(1), 1.0), "Decimal and float do not mix.*convert one of them") for name in BINARY),
    *((TypeError, name, (1.0, Fraction(1)), "float and Fraction do not mix.*convert one of them") for name in BINARY),
    *((TypeError, name, (Fraction(1), Decimal(1)), "Fraction and Decimal do not mix") for name in BINARY),
    *((TypeError, name, (1j, Decimal(1)), "complex and Decimal do not mix") for name in BINARY),
    (TypeError, "where", (1, Decimal(1), 1.0), "Decimal and float do not mix"),
    (TypeError, "where", (0, 1.0, "a"), "not str"),
    (TypeError, "where", (None, 1.0, 2.0), "not NoneType"),
    *(
        (TypeError, name, ("0.5",), r"a number is an int, float.*not str \('0.5'\)")
        for name in TRANSCENDENTAL + EXACT_UNARY
    ),
    *((TypeError, name, (None,), "not NoneType") for name in TRANSCENDENTAL + EXACT_UNARY),
    *((TypeError, name, (1.0, [1.0]), r"not list \(\[1.0\]\)") for name in BINARY),
    *((TypeError, name, ("a", 1.0), "not str") for name in BINARY),
    *((TypeError, name, ("a",), "not str") for name in ("kind_name", "zero_like", "one_like", "pi_like")),
]


@pytest.mark.parametrize("error, name, args, message", ERRORS)
def test_errors_name_the_function_and_the_remedy(
    error: type[Exception], name: str, args: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(error, match=f"^{name}: .*{message}"):
        function(name)(*args)


# -- the hook for Values ----------------------------------------------------------------------------------------------


class Recorder:
    """Stands for a Value: notes what it was asked for."""

    def __tinygrad_apply__(self, name: str, *args: Any) -> tuple[Any, ...]:
        return (name, *args)


@pytest.mark.parametrize("name", [*TRANSCENDENTAL, *EXACT_UNARY, "zero_like", "one_like", "pi_like"])
def test_functions_of_one_number_hand_values_on(name: str) -> None:
    value = Recorder()
    assert function(name)(value) == (name, value)


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers_hand_values_on(name: str) -> None:
    value = Recorder()
    for other in (2.0, 2, Fraction(1, 2), Decimal(1), [1.0]):
        assert function(name)(value, other) == (name, value, other)
        assert function(name)(other, value) == (name, other, value)
    assert function(name)(value, value) == (name, value, value)


def test_where_hands_values_on() -> None:
    value = Recorder()
    for args in [(value, 1.0, 2.0), (1, value, 2.0), (1, 1.0, value), (value, value, value)]:
        assert numeric.where(*args) == ("where", *args)


# -- the table of names -----------------------------------------------------------------------------------------------


def test_every_name_is_exported_and_documented() -> None:
    names = {*TRANSCENDENTAL, *EXACT_UNARY, *BINARY, "where", "kind_name", "zero_like", "one_like", "pi_like"}
    assert set(numeric.__all__) == names | {"FLOAT_FUNCTIONS"}
    for name in names:
        assert ">>>" in (function(name).__doc__ or "")
    assert set(decimal_functions.FUNCTIONS) == set(TRANSCENDENTAL)
