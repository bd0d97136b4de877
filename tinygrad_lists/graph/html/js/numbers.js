// Numbers as people read them. In the JSON a number is a double, or text where no double can hold it: "nan", "inf",
// "1/3", "(1+2j)".

/** As a double, to compute or compare with; NaN for complex numbers. */
function toNumber(v) {
  if (typeof v === "number") return v;
  if (v === "inf") return Infinity;
  if (v === "-inf") return -Infinity;
  const fraction = /^(-?\d+)\/(\d+)$/.exec(v);
  if (fraction) return Number(fraction[1]) / Number(fraction[2]);
  return v === "" ? NaN : Number(v);
}

/** In full: the shortest digits that read back to the same double, in ASCII, fit to be copied into a program. */
function exact(v) {
  if (typeof v !== "number") return v === "inf" || v === "-inf" || v === "nan" ? v : String(v);
  return Object.is(v, -0) ? "-0" : String(v);
}

/** In a few characters, for cards and labels. */
function short(v, digits = 4) {
  if (typeof v !== "number") {
    if (v === "nan") return "NaN";
    if (v === "inf") return "∞";
    if (v === "-inf") return "−∞";
    return v.length > 14 ? v.slice(0, 12) + "…" : v.replace(/^-/, "−");
  }
  if (Number.isNaN(v)) return "NaN";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  let text;
  if (Number.isInteger(v) && Math.abs(v) < 1e5) text = exact(v);
  else if (Math.abs(v) >= 1e6 || Math.abs(v) < 1e-4) text = v.toExponential(digits - 1).replace(/\.?0+e/, "e");
  else text = String(Number(v.toPrecision(digits)));
  return text.replace(/e\+?/, "e").replaceAll("-", "−");
}

function shapeText(shape) {
  if (shape.length === 1) return `(${shape[0]},)`;
  return shape.length ? shape.join(" × ") : "scalar";
}

function sizeOf(shape) {
  return shape.reduce((product, n) => product * n, 1);
}

/** How large a typical element is: the magnitude of a scalar, the root mean square of a tensor's finite elements. */
function magnitude(row) {
  if (!row) return NaN;
  if (!row.shape.length) {
    const complex = typeof row.value === "string" && /^\((.*?)([+-][\d.einfa]+)j\)$/.exec(row.value);
    return complex ? Math.hypot(Number(complex[1]), Number(complex[2])) : Math.abs(toNumber(row.value));
  }
  const finite = sizeOf(row.shape) - (row.nan ?? 0) - (row.inf ?? 0) - (row.minus_inf ?? 0);
  return row.norm === null || !finite ? NaN : row.norm / Math.sqrt(finite);
}

/** From the smallest to the largest element, in a few characters. */
function rangeOf(row) {
  if (!row.shape.length) return short(row.value);
  if (row.norm === null) return "nothing finite";
  const [low, high] = [short(row.low, 2), short(row.high, 2)];
  return low === high ? short(row.low) : `${low} … ${high}`;
}

/** A scalar itself, a tensor's norm. */
function sizeText(row) {
  if (!row.shape.length) return short(row.value);
  return row.norm === null ? "nothing finite" : `‖${short(row.norm, 3)}‖`;
}

/** One line about an array. */
function brief(row) {
  if (!row) return "none";
  if (!row.shape.length) return short(row.value);
  if (row.norm === null) return sizeOf(row.shape) ? "nothing finite" : "empty";
  return `norm ${short(row.norm)}`;
}

/** A power of ten with its exponent raised. */
function powerOfTen(exponent) {
  const raised = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  return "10" + Array.from(String(exponent), (c) => raised[c]).join("");
}

function plural(count, one, many = one + "s") {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** Smallest of very many numbers; Math.min takes only so many arguments. */
function least(numbers) {
  return numbers.reduce((a, b) => (a < b ? a : b), Infinity);
}
