"""The mistakes that people make in backward passes, each made once in `nn.handwritten`.

Where a name of a diagnosis stands more than once, each of them is right: a one-filter sum that is missing *is* an
overwriting, for example. The first is what a teacher would say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutants.mutant import Mutant

__all__ = ["CATALOGUE"]

_LOOP = "\n" + " " * 16  # innermost lines of the pooling loops
_TAP = "\n" + " " * 24  # innermost lines of the convolution loops


def family(layer: str, usual: str = "input", called: str = "backward") -> Callable[..., Mutant]:
    """A function that makes mutants of one layer, which mostly concern the same tensors and method."""

    def mutant(
        name: str,
        edits: list[tuple[str, str]],
        diagnosis: str,
        tensors: str = usual,
        method: str = called,
        **more: Any,
    ) -> Mutant:
        names = tuple(part.strip() for part in diagnosis.split("|"))
        return Mutant(f"{layer}: {name}", layer, tuple(edits), names, tuple(tensors.split()), method, **more)

    return mutant


conv, pool, relu, flatten = map(family, ("conv2d", "maxpool2d", "relu", "flatten"))
dense, softmax, cross_entropy = map(family, ("dense", "softmax", "cross-entropy"))
both, batch = family("softmax-cross-entropy"), family("network", "weight bias", "batch_gradients")

# -- convolution ------------------------------------------------------------------------------------------------------

W = "weight_gradient[f][c][k][l] += g * padded[c][top + k][left + l]"
X = "padded_gradient[c][top + k][left + l] += g * weight[f][c][k][l]"
B = "bias_gradient[f] += g"
KEEP = "self.weight_gradient, self.bias_gradient = weight_gradient, bias_gradient"
DONE = "return x_gradient"


CONV = [
    conv("sign of the weight gradient", [(W, W.replace("+=", "-="))], "sign", "weight"),
    conv("sign of the bias gradient", [(B, "bias_gradient[f] -= g")], "sign", "bias"),
    conv("sign of the input gradient", [(X, X.replace("+=", "-="))], "sign", "input"),
    conv("sign of everything", [("g = gradient[f][i][j]", "g = -gradient[f][i][j]")], "sign", "weight bias input"),
    conv("weight gradient twice too large", [(W, W.replace("g *", "2 * g *"))], "factor 2", "weight"),
    conv("input gradient half", [(X, X.replace("g *", "0.5 * g *"))], "factor 1/2", "input"),
    conv(
        "weight gradient averaged over positions",
        [(W, W.replace("g *", "g / (len(gradient[f]) * len(gradient[f][i])) *"))],
        "divided by the number of windows",
        "weight",
    ),
    conv(
        "bias gradient averaged over positions",
        [(B, "bias_gradient[f] += g / (len(gradient[f]) * len(gradient[f][i]))")],
        "divided by the number of windows",
        "bias",
    ),
    conv("bias gradient of the last position only", [(B, "bias_gradient[f] = g")], "overwritten", "bias"),
    conv("bias gradient forgotten", [(B, "pass")], "bias forgotten | zero", "bias"),
    conv("weight gradient zero", [(W, "pass")], "zero", "weight"),
    conv("input gradient zero", [(X, "pass")], "zero", "input"),
    conv("weight gradient overwritten", [(W, W.replace("+=", "="))], "overwritten", "weight"),
    conv("input gradient overwritten", [(X, X.replace("+=", "="))], "overwritten", "input"),
    conv(
        "kernel flipped in the input gradient",
        [(X, X.replace("[k][l]", "[rows - 1 - k][columns - 1 - l]"))],
        "kernel flipped",
        "input",
    ),
    conv(
        "weight gradient flipped",
        [(W, W.replace("[f][c][k][l]", "[f][c][rows - 1 - k][columns - 1 - l]"))],
        "kernel flipped",
        "weight",
    ),
    conv("kernel transposed in the input gradient", [(X, X.replace("[k][l]", "[l][k]"))], "transposed", "input"),
    conv("weight gradient transposed", [(W, W.replace("[f][c][k][l]", "[f][c][l][k]"))], "transposed", "weight"),
    conv(
        "channels mixed up in the weight gradient",
        [(W, W.replace("[f][c][k]", "[f][c - 1][k]"))],
        "channels mixed up",
        "weight",
    ),
    conv(
        "channels mixed up in the input gradient",
        [(X, X.replace("padded_gradient[c]", "padded_gradient[channels - 1 - c]"))],
        "channels mixed up",
        "input",
    ),
    conv(
        "filters mixed up in the weight gradient",
        [(W, W.replace("[f][c]", "[f - 1][c]"))],
        "channels mixed up",
        "weight",
    ),
    conv(
        "filters mixed up in the bias gradient",
        [(B, "bias_gradient[f - 1] += g")],
        "channels mixed up",
        "bias",
    ),
    conv(
        "last tap of a row missing",
        [(W, f"if l < columns - 1:{_TAP}        {W}")],
        "off by one | part missing",
        "weight",
    ),
    conv(
        "only the middle tap passes the input gradient",
        [(X, f"if k == 1 and l == 1:{_TAP}        {X}")],
        "part missing | unknown | overwritten",
        "input",
    ),
    conv(
        "first channel missing",
        [("for c in range(channels):", "for c in range(1, channels):")],
        "part missing | overwritten",
        "weight input",
    ),
    conv(
        "last filter missing",
        [("for f in range(filters):", "for f in range(filters - 1):")],
        "off by one | part missing",
        "weight bias input",
    ),
    conv(
        "last row of positions missing",
        [("for i in range(len(gradient[f])):", "for i in range(len(gradient[f]) - 1):")],
        "off by one | part missing",
        "weight bias input",
    ),
    conv(
        "last column of positions missing",
        [("for j in range(len(gradient[f][i])):", "for j in range(len(gradient[f][i]) - 1):")],
        "off by one | part missing",
        "weight bias input",
    ),
    conv(
        "height taken for the width",
        [("for j in range(len(gradient[f][i])):", "for j in range(len(gradient[f])):")],
        "height and width mixed up | part missing | unknown",
        "weight bias input",
    ),
    conv(
        "input gradient of the first filter only",
        [(X, f"if f == 0:{_TAP}        {X}")],
        "overwritten",
        "input",
    ),
    conv(
        "input gradient of the last filter only",
        [(X, f"if f == filters - 1:{_TAP}        {X}")],
        "overwritten",
        "input",
    ),
    conv(
        "rows and columns of the input swapped",
        [(W, W.replace("[top + k][left + l]", "[min(left + l, len(padded[c]) - 1)][top + k]"))],
        "unknown | height and width mixed up | transposed",
        "weight",
    ),
    conv("window off by one", [(W, W.replace("[left + l]", "[left + l - 1]"))], "off by one", "weight"),
    conv("input gradient off by one", [(X, X.replace("[left + l]", "[left + l - 1]"))], "off by one", "input"),
    conv(
        "one weight, in a corner, off by one millionth",
        [(KEEP, f"weight_gradient[0][0][0][0] *= 1 + 1e-6; {KEEP}")],
        "one element | unknown",
        "weight",
    ),
    conv(
        "one pixel, in a corner, off by 1e-9",
        [(DONE, "x_gradient[-1][-1][-1] *= 1 + 1e-9; return x_gradient")],
        "one element | unknown",
        "input",
    ),
    conv(
        "one weight off by a few last digits",
        [(KEEP, f"weight_gradient[-1][-1][-1][-1] *= 1 + 1e-12; {KEEP}")],
        "one element | unknown",
        "weight",
    ),
    conv(
        "single precision on the way",
        [(KEEP, f"bias_gradient = [float(f'{{v:.7g}}') for v in bias_gradient]; {KEEP}")],
        "precision | unknown",
        "bias",
    ),
    conv(
        "factor that depends on the tap",
        [(W, W.replace("g *", "(1 + 0.01 * l) * g *"))],
        "unknown",
        "weight",
    ),
    conv(
        "last filter's bias twice",
        [(KEEP, f"bias_gradient[-1] *= 2; {KEEP}")],
        "factor 2 | one element | unknown",
        "bias",
    ),
    conv(
        "last channel's weight gradient ten percent too large",
        [(W, W.replace("g *", "(1.1 if c == channels - 1 else 1) * g *"))],
        "unknown",
        "weight",
    ),
    conv(
        "input of the pass before",
        [("self.padded = padded", "self.padded, self.next = getattr(self, 'next', padded), padded")],
        "stale | different answers",
        "weight",
        method="forward",
    ),
    conv(
        "gradients add up from call to call",
        [
            (
                "weight_gradient = zeros(shape_of(weight), zero)",
                "weight_gradient = vars(self).get('weight_gradient') or zeros(shape_of(weight), zero)",
            )
        ],
        "not reset | different answers",
        "weight",
    ),
    conv(
        "stride ignored on the way back",
        [("top, left = i * self.stride, j * self.stride", "top, left = i, j")],
        "stride ignored",
        "weight input",
        settings={"stride": 2},
    ),
    conv(
        "padding cut off at one side only",
        [
            (
                DONE,
                "p = 2 * self.padding; self.input_gradient = [[row[:-p] for row in c[:-p]] for c in padded_gradient]; "
                "return self.input_gradient",
            )
        ],
        "padding",
        "input",
        settings={"padding": 1},
    ),
    conv(
        "bias forgotten in the forward pass",
        [("total = self.bias[f]", "total = 0.0")],
        "bias forgotten",
        "y",
        method="forward",
    ),
    conv(
        "true convolution: kernel flipped in the forward pass",
        [("weight[f][c][k][l] * padded", "weight[f][c][rows - 1 - k][columns - 1 - l] * padded")],
        "kernel flipped | unknown",
        "y",
        method="forward",
    ),
    conv(
        "weight gradient of absolute inputs",
        [(W, W.replace("g * padded[c][top + k][left + l]", "g * abs(padded[c][top + k][left + l] - 0.5)"))],
        "unknown",
        "weight",
    ),
]

# -- max pooling ------------------------------------------------------------------------------------------------------

P = "x_gradient[c][m][n] += gradient[c][i][j]"
_CELLS = f"for k in range(self.size):{_LOOP}    for l in range(self.size):{_LOOP}        "
_AT = "[c][i * self.stride + k][j * self.stride + l]"


POOL = [
    pool(
        "ties: each gets all of it",
        [
            (
                P,
                f"{_CELLS}if self.input{_AT} == self.output[c][i][j]:{_LOOP}            "
                f"x_gradient{_AT} += gradient[c][i][j]",
            )
        ],
        "ties duplicated",
    ),
    pool(
        "ties: the last one wins",
        [("if x[c][top + k][left + l] > best:", "if x[c][top + k][left + l] >= best:")],
        "last of equal maxima",
        method="forward",
        verdict="kink",
    ),
    pool(
        "ties: shared equally",
        [
            (
                P,
                f"{_CELLS}tied = [v for r in self.input[c][i * self.stride : i * self.stride + self.size]"
                f" for v in r[j * self.stride : j * self.stride + self.size]].count(self.output[c][i][j])"
                f"{_LOOP}        if self.input{_AT} == self.output[c][i][j]:"
                f"{_LOOP}            x_gradient{_AT} += gradient[c][i][j] / tied",
            )
        ],
        "equal maxima share",
        verdict="kink",
    ),
    pool(
        "gradient one column beside the maximum",
        [(P, "x_gradient[c][m][n - 1] += gradient[c][i][j]")],
        "off by one | wrong place",
    ),
    pool(
        "row and column in the window swapped",
        [
            (
                P,
                "top, left = i * self.stride, j * self.stride"
                f"{_LOOP}x_gradient[c][top + n - left][left + m - top] += gradient[c][i][j]",
            )
        ],
        "wrong place | transposed",
    ),
    pool(
        "always to the first of the window",
        [(P, "x_gradient[c][i * self.stride][j * self.stride] += gradient[c][i][j]")],
        "wrong place",
    ),
    pool(
        "always to the last of the window",
        [(P, "x_gradient[c][i * self.stride + self.size - 1][j * self.stride + self.size - 1] += gradient[c][i][j]")],
        "wrong place",
    ),
    pool(
        "averaged over the window",
        [(P, f"{_CELLS}x_gradient{_AT} += gradient[c][i][j] / self.size**2")],
        "spread evenly",
    ),
    pool(
        "copied to the whole window",
        [(P, f"{_CELLS}x_gradient{_AT} += gradient[c][i][j]")],
        "whole window",
    ),
    pool(
        "place in the window taken for the place in the image",
        [(P, "x_gradient[c][m % self.size][n % self.size] += gradient[c][i][j]")],
        "window origin forgotten",
    ),
    pool("zero", [(P, "pass")], "zero"),
    pool("sign", [(P, "x_gradient[c][m][n] -= gradient[c][i][j]")], "sign"),
    pool("three times too large", [(P, "x_gradient[c][m][n] += 3 * gradient[c][i][j]")], "factor"),
    pool(
        "overlapping windows overwrite each other",
        [(P, "x_gradient[c][m][n] = gradient[c][i][j]")],
        "overwritten",
        settings={"stride": 1},
    ),
    pool(
        "stride ignored",
        [("top, left = i * self.stride, j * self.stride", "top, left = i * self.size, j * self.size")],
        "stride ignored | wrong place | unknown",
        "y input",
        method="forward",
        settings={"stride": 3},
    ),
    pool(
        "maximum's place of the pass before",
        [
            (
                "self.keep_forward(x, y)",
                "self.argmax, self.next = getattr(self, 'next', self.argmax), self.argmax; self.keep_forward(x, y)",
            )
        ],
        "wrong place | stale | different answers",
        method="forward",
    ),
    pool(
        "last channel missing",
        [("for c in range(len(gradient)):", "for c in range(len(gradient) - 1):")],
        "part missing",
    ),
    pool(
        "last column missing",
        [("for j in range(len(gradient[c][i])):", "for j in range(len(gradient[c][i]) - 1):")],
        "off by one | part missing",
    ),
    pool(
        "last row missing",
        [("for i in range(len(gradient[c])):", "for i in range(len(gradient[c]) - 1):")],
        "off by one | part missing",
    ),
    pool("channels mixed up", [(P, "x_gradient[c - 1][m][n] += gradient[c][i][j]")], "channels mixed up"),
    pool(
        "multiplied by the maximum",
        [(P, "x_gradient[c][m][n] += gradient[c][i][j] * self.output[c][i][j]")],
        "input too much | output too much",
    ),
    pool(
        "average in the forward pass",
        [
            (
                "y[c][i][j], self.argmax[c][i][j] = best, where",
                "window = [v for row in x[c][top : top + self.size] for v in row[left : left + self.size]]\n"
                f"{' ' * 16}y[c][i][j], self.argmax[c][i][j] = sum(window) / len(window), where",
            )
        ],
        "mean instead of maximum",
        "y",
        method="forward",
    ),
]

# -- ReLU -------------------------------------------------------------------------------------------------------------

R = "zero if a <= 0 else g"


RELU = [
    relu("mask missing: the upstream gradient is returned", [(R, "g")], "mask missing"),
    relu("mask inverted", [(R, "g if a <= 0 else zero")], "mask inverted"),
    relu("mask of the gradient instead of the input", [(R, "zero if g <= 0 else g")], "mask on the wrong tensor"),
    relu("gradient passes at 0", [(R, "zero if a < 0 else g")], "slope 1 at 0", verdict="kink"),
    relu("leaky on the way back", [(R, "0.01 * g if a <= 0 else g")], "leaky | leak"),
    relu("multiplied by the input", [(R, "zero if a <= 0 else g * a")], "input too much"),
    relu("one where it should be the gradient", [(R, "zero if a <= 0 else 1.0")], "upstream ignored"),
    relu(
        "mask at 0.1 instead of 0",
        [(R, "zero if a <= 0.1 else g")],
        "wrong threshold | mask off",
    ),
    relu("sign", [(R, "zero if a <= 0 else -g")], "sign"),
    relu("factor 2", [(R, "zero if a <= 0 else 2 * g")], "factor 2"),
    relu("zero", [(R, "zero")], "zero"),
    relu("absolute value of the gradient", [(R, "zero if a <= 0 else abs(g)")], "absolute value"),
    relu(
        "mask of the pass before",
        [
            (
                "return self.keep_forward(",
                "self.mask, self.next = getattr(self, 'next', x), x\n    return self.keep_forward(",
            )
        ],
        "stale | different answers",
        also=(("backward", "self.input, gradient)", "self.mask, gradient)"),),
        method="forward",
    ),
    relu(
        "absolute value in the forward pass",
        [("zero if a <= 0 else a", "abs(a)")],
        "absolute value",
        "y",
        method="forward",
    ),
    relu(
        "only the first channel is masked",
        [
            (
                "self.input_gradient = elementwise(lambda a, g: zero if a <= 0 else g, self.input, gradient)",
                "masked = elementwise(lambda a, g: zero if a <= 0 else g, self.input, gradient)\n"
                "    self.input_gradient = [masked[0], *gradient[1:]]",
            )
        ],
        "mask missing",
    ),
]

# -- flatten ----------------------------------------------------------------------------------------------------------

F = "gradient[(c * height + i) * width + j]"
V = "[value for channel in x for row in channel for value in row]"


FLATTEN = [
    flatten("column by column on the way back", [(F, "gradient[(c * width + j) * height + i]")], "another order"),
    flatten("channels last on the way back", [(F, "gradient[(i * width + j) * channels + c]")], "another order"),
    flatten(
        "height and width swapped in the index",
        [(F, "gradient[(c * height + i) * height % len(gradient) + j]")],
        "another order | unknown",
    ),
    flatten("reversed", [(F, "gradient[-1 - (c * height + i) * width - j]")], "reversed"),
    flatten(
        "still flat",
        [("self.input_gradient = x_gradient", "x_gradient = list(gradient); self.input_gradient = x_gradient")],
        "not reshaped",
    ),
    flatten("zero", [(F, "0 * gradient[0]")], "zero"),
    flatten("sign", [(F, f"-{F}")], "sign"),
    flatten(
        "channels last in the forward pass",
        [(V, "[x[c][i][j] for i in range(len(x[0])) for j in range(len(x[0][0])) for c in range(len(x))]")],
        "another order",
        "y",
        method="forward",
    ),
    flatten("off by one", [(F, "gradient[(c * height + i) * width + j - 1]")], "off by one"),
]

# -- dense ------------------------------------------------------------------------------------------------------------

DW = "weight_gradient[i][j] = self.input[i] * gradient[j]"
DV = "v_gradient[i] += gradient[j] * self.weight[i][j]"
DK = "self.weight_gradient, self.bias_gradient = weight_gradient, list(gradient)"


DENSE = [
    dense(
        "weight gradient transposed",
        [(DK, f"weight_gradient = [list(c) for c in zip(*weight_gradient)]; {DK}")],
        "transposed",
        "weight",
    ),
    dense("sign of the weight gradient", [(DW, DW.replace("= self", "= -self"))], "sign", "weight"),
    dense("sign of the input gradient", [(DV, DV.replace("+=", "-="))], "sign", "input"),
    dense(
        "weight gradient averaged over the inputs",
        [(DW, DW + " / inputs")],
        "divided by the number of inputs",
        "weight",
    ),
    dense(
        "input gradient averaged over the outputs",
        [(DV, DV + " / outputs")],
        "divided by the number of outputs",
        "input",
    ),
    dense(
        "bias gradient forgotten",
        [(DK, DK.replace("list(gradient)", "[0.0] * outputs"))],
        "bias forgotten | zero",
        "bias",
    ),
    dense(
        "bias gradient summed over the outputs",
        [(DK, DK.replace("list(gradient)", "[sum(gradient)] * outputs"))],
        "summed over the outputs",
        "bias",
    ),
    dense(
        "bias gradient one number",
        [(DK, DK.replace("list(gradient)", "[sum(gradient)]"))],
        "shape | summed too much | summed over the outputs",
        "bias",
    ),
    dense(
        "bias gradient is the bias",
        [(DK, DK.replace("list(gradient)", "list(self.bias)"))],
        "bias | upstream ignored",
        "bias",
    ),
    dense(
        "weight gradient is the weight",
        [(DW, "weight_gradient[i][j] = self.weight[i][j]")],
        "upstream ignored | unknown",
        "weight",
    ),
    dense("input gradient of the last output only", [(DV, DV.replace("+=", "="))], "overwritten", "input"),
    dense("input gradient zero", [(DV, "pass")], "zero", "input"),
    dense("weight gradient zero", [(DW, "pass")], "zero", "weight"),
    dense(
        "weight gradient without the input",
        [(DW, "weight_gradient[i][j] = gradient[j]")],
        "input ignored",
        "weight",
    ),
    dense(
        "weight gradient without the upstream gradient",
        [(DW, "weight_gradient[i][j] = self.input[i]")],
        "upstream ignored",
        "weight",
    ),
    dense(
        "rows of the weight gradient shifted",
        [(DW, DW.replace("[i][j] =", "[i - 1][j] ="))],
        "channels mixed up | off by one",
        "weight",
    ),
    dense("twice the input gradient", [(DV, DV.replace("+=", "+= 2 *"))], "factor 2", "input"),
    dense(
        "a bit of weight decay left in", [(DW, DW + " + 1e-4 * self.weight[i][j]")], "weights added | unknown", "weight"
    ),
    dense(
        "last row missing",
        [("for i in range(inputs):", "for i in range(inputs - 1):")],
        "off by one | part missing",
        "weight input",
    ),
    dense(
        "last output missing",
        [("for j in range(outputs):", "for j in range(outputs - 1):")],
        "off by one | part missing",
        "weight input",
    ),
    dense(
        "absolute value of the weights",
        [(DV, DV.replace("self.weight[i][j]", "abs(self.weight[i][j])"))],
        "unknown | absolute value",
        "input",
    ),
    dense(
        "bias forgotten in the forward pass",
        [("total = self.bias[j]", "total = 0.0")],
        "bias forgotten",
        "y",
        method="forward",
    ),
    dense(
        "bias added twice in the forward pass",
        [("total = self.bias[j]", "total = 2 * self.bias[j]")],
        "bias | unknown",
        "y",
        method="forward",
    ),
    dense(
        "input of the pass before",
        [("self.keep_forward(v, z)", "self.used, self.next = getattr(self, 'next', v), v; self.keep_forward(v, z)")],
        "stale | different answers",
        "weight",
        method="forward",
        also=(("backward", DW, DW.replace("self.input", "self.used")),),
    ),
    dense(
        "one weight, in the last corner, off by 1e-8",
        [(DK, f"weight_gradient[-1][-1] *= 1 + 1e-8; {DK}")],
        "one element | unknown",
        "weight",
    ),
]

# -- softmax, cross-entropy -------------------------------------------------------------------------------------------

S = "total += gradient[i] * p[i] * ((1 if i == j else 0) - p[j])"
CE = "-y[i] / p[i] if y[i] != 0 else 0 * p[i]"
SCE = "gradient * (p - y)"


LOSSES = [
    softmax(
        "Jacobian treated as diagonal",
        [(S, "total += gradient[i] * p[i] * (1 - p[i]) if i == j else 0")],
        "diagonal softmax Jacobian",
    ),
    softmax(
        "the sum over the other classes missing",
        [(S, "total += gradient[i] * p[i] if i == j else 0")],
        "sum missing",
    ),
    softmax(
        "the upstream gradient is returned",
        [(S, "total += gradient[i] if i == j else 0")],
        "Jacobian missing",
    ),
    softmax("plus instead of minus", [(S, S.replace("- p[j]", "+ p[j]"))], "sign"),
    softmax("sign", [(S, S.replace("+=", "-="))], "sign"),
    softmax(
        "i and j swapped", [(S, "total += gradient[i] * p[j] * ((1 if i == j else 0) - p[j])")], "indices mixed up"
    ),
    softmax(
        "last class missing", [("for i in range(len(p)):", "for i in range(len(p) - 1):")], "off by one | part missing"
    ),
    softmax("zero", [(S, "pass")], "zero"),
    softmax(
        "not normalised in the forward pass",
        [("softmax(z))", "[3 * v for v in softmax(z)])")],
        "factor | unknown",
        "y input",
        method="forward",
    ),
    cross_entropy("sign", [(CE, CE.replace("-y", "y"))], "sign"),
    cross_entropy(
        "averaged over the classes",
        [(CE, "-y[i] / p[i] / len(p) if y[i] != 0 else 0 * p[i]")],
        "divided by the number of classes",
    ),
    cross_entropy("derivative of the logarithm forgotten", [(CE, "-y[i]")], "logarithm"),
    cross_entropy("a small number added to p", [(CE, CE.replace("/ p[i]", "/ (p[i] + 1e-7)"))], "unknown | epsilon"),
    cross_entropy("every class is the true one", [(CE, "-1 / p[i]")], "all classes"),
    cross_entropy(
        "the derivative of (1 - y) log(1 - p) too", [(CE, "-y[i] / p[i] + (1 - y[i]) / (1 - p[i])")], "all classes"
    ),
    cross_entropy(
        "logarithm to base 2 in the forward pass",
        [("total -= label[i] * log(p[i])", "total -= label[i] * log(p[i]) / log(2)")],
        "logarithm | factor",
        "y",
        method="forward",
    ),
    cross_entropy(
        "sign in the forward pass", [("total -= label[i]", "total += label[i]")], "sign", "y", method="forward"
    ),
    both("sign: y - p", [(SCE, "gradient * (y - p)")], "sign"),
    both("label forgotten: p", [(SCE, "gradient * p")], "label forgotten"),
    both(
        "averaged over the classes",
        [(SCE, "gradient * (p - y) / len(self.label)")],
        "divided by the number of classes",
    ),
    both("factor 2, as of a square", [(SCE, "2 * gradient * (p - y)")], "factor 2"),
    both("softmax Jacobian treated as diagonal", [(SCE, "gradient * -y * (1 - p)")], "diagonal softmax Jacobian"),
    both("gradient of the squared error", [(SCE, "2 * gradient * (p - y) * p * (1 - p)")], "Jacobian too much"),
    both(
        "probabilities of the pass before",
        [
            (
                "self.input, self.label, self.probabilities = z, label, [power / total for power in powers]",
                "new = [power / total for power in powers]\n"
                "    type(self).last, self.probabilities = new, getattr(type(self), 'last', new)\n"
                "    self.input, self.label = z, label",
            )
        ],
        "stale | different answers",
        method="forward",
    ),
    both(
        "label shifted by one",
        [("self.label, strict", "list(self.label[1:]) + list(self.label[:1]), strict")],
        "wrong class | off by one",
    ),
    both(
        "minus instead of plus in the forward pass",
        [("+ log(total)", "- log(total)")],
        "sign",
        "y",
        method="forward",
    ),
]

# -- the batch --------------------------------------------------------------------------------------------------------

G = "elementwise(lambda g: g / len(images), gradient)"
ADD = "elementwise(lambda a, b: a + b, total[name], gradient) if name in total else gradient"


BATCH = [
    batch("sum instead of mean over the batch", [(G, "gradient")], "times N"),
    batch("divided by the batch size twice", [(G, G.replace("len(images)", "len(images) ** 2"))], "divided by N"),
    batch("last sample only", [(ADD, "gradient")], "missing sum over the batch | missing samples"),
    batch("first sample only", [(ADD, "total.get(name, gradient)")], "missing sum over the batch | missing samples"),
    batch(
        "last sample only, and not divided",
        [(ADD, "gradient"), (G, "gradient")],
        "missing sum over the batch | missing samples",
    ),
    batch(
        "divided by one more than the batch size",
        [(G, G.replace("len(images)", "(len(images) + 1)"))],
        "factor",
    ),
    batch(
        "divided by the number of classes",
        [(G, G.replace("len(images)", "len(labels[0])"))],
        "factor",
    ),
    batch(
        "one sample too few",
        [("in zip(images, labels, strict=True):", "in list(zip(images, labels, strict=True))[:-1]:")],
        "missing samples | missing sum over the batch",
        "weight bias y",
    ),
    batch("minus the gradients of later samples", [(ADD, ADD.replace("a + b", "a - b"))], "unknown | sign"),
    batch(
        "labels of the next sample",
        [("zip(images, labels, strict=True)", "zip(images, labels[1:] + labels[:1], strict=True)")],
        "unknown",
        "weight input y",
    ),
    batch("loss not divided", [("loss / len(images), mean", "loss, mean")], "times N", "y"),
    batch(
        "layers backward in forward order",
        [("reversed(self.layers.values())", "self.layers.values()")],
        "raised",
        "input y",
        method="backward",
    ),
]

CATALOGUE = [*CONV, *POOL, *RELU, *FLATTEN, *DENSE, *LOSSES, *BATCH]
