// Colours that depend on numbers. The scale of gradients runs in lightness, so that it can be read with any colour vision.

const SCALES = {
  light: [
    [226, 236, 201],
    [148, 205, 176],
    [64, 157, 178],
    [37, 96, 158],
    [40, 28, 99],
  ],
  dark: [
    [44, 47, 92],
    [40, 96, 148],
    [47, 152, 164],
    [132, 205, 150],
    [245, 235, 150],
  ],
};

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Colour for a share of the scale between 0 and 1. */
function scaleColour(share, dark) {
  const stops = SCALES[dark ? "dark" : "light"];
  const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const mix = stops[i].map((c, k) => Math.round(c + (stops[i + 1][k] - c) * (at - i)));
  return `rgb(${mix.join(" ")})`;
}

/** Where the magnitude of an array stands on the graph's logarithmic scale; null if it has no place there. */
function shareOnScale(range, row) {
  const size = Math.log10(magnitude(row));
  if (!range || !Number.isFinite(size)) return null;
  return (size - range[0]) / (range[1] - range[0]);
}

/** How verdicts look: a class for the colour and a sign for those who do not see it. */
const VERDICTS = {
  EXACT: ["good", "✓", "equal to the last bit"],
  ROUNDING: ["fine", "≈", "differs as rounding does"],
  KINK: ["kink", "∧", "at a kink, where several are right"],
  UNTESTED: ["unknown", "?", "nothing has tested it"],
  WRONG: ["bad", "✗", "differs by more than rounding"],
  same: ["good", "=", "the same in both"],
  numbers: ["fine", "≈", "same operation, other numbers"],
  changed: ["kink", "≠", "changed"],
  added: ["unknown", "+", "only in the second"],
  removed: ["bad", "−", "only in the first"],
};

function verdictLook(mark) {
  const [look, sign, words] = VERDICTS[mark.verdict] ?? ["unknown", "!", ""];
  return { look, sign, words };
}
