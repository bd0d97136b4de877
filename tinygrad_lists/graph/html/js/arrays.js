// Arrays in the panel: the number of a scalar, the numbers or the picture of a tensor, and its statistics.

/** Whether there is no NaN and no infinity in it. */
function allFinite(row) {
  if (!row.shape.length) return Number.isFinite(magnitude(row));
  return !row.nan && !row.inf && !row.minus_inf;
}

function arrayView(row, kind) {
  if (!row.shape.length)
    return html("p", { class: "value", "data-array": kind, "data-value": exact(row.value) }, exact(row.value));
  const count = sizeOf(row.shape);
  const facts = [["shape", shapeText(row.shape)]];
  if (row.norm !== null && row.norm !== undefined) {
    facts.push(
      ["norm", exact(row.norm)],
      ["min", exact(row.low)],
      ["max", exact(row.high)],
      ["mean", exact(row.mean)],
    );
  }
  if (row.zeros) facts.push(["zeros", `${row.zeros.toLocaleString("en")} of ${count.toLocaleString("en")}`]);
  for (const [name, word] of [
    ["nan", "NaN"],
    ["inf", "∞"],
    ["minus_inf", "−∞"],
  ]) {
    if (row[name]) facts.push([word, row[name].toLocaleString("en")]);
  }
  return html(
    "div",
    { class: "array", "data-array": kind },
    html(
      "dl",
      {},
      facts.flatMap(([name, value]) => [html("dt", {}, name), html("dd", { "data-fact": name }, value)]),
    ),
    count === 0 && html("p", { class: "words" }, "It has no elements."),
    row.thumbnail && thumbnailView(row),
    row.values && count > 0 && valuesView(row),
  );
}

function thumbnailView(row) {
  const { thumbnail } = row;
  const canvas = pictureCanvas(thumbnail);
  const [wide, high] = pictureSize(row);
  const scale = Math.min(300 / wide, 210 / high, (28 * thumbnail.columns) / wide);
  canvas.style.width = `${Math.round(wide * scale)}px`;
  canvas.style.height = `${Math.round(Math.max(high * scale, 14))}px`;
  canvas.setAttribute("role", "img");
  const ends = thumbnail.signed ? [-thumbnail.high, 0, thumbnail.high] : [0, thumbnail.high];
  canvas.setAttribute("aria-label", `picture of the values, from ${short(ends[0])} to ${short(thumbnail.high)}`);
  const strange = [
    ["!", "NaN"],
    [")", "∞"],
    ["(", "−∞"],
  ].filter(([character]) => thumbnail.pixels.includes(character));
  const key = html(
    "div",
    { class: "key" },
    html("span", { class: thumbnail.signed ? "ramp signed" : "ramp" }),
    html(
      "span",
      { class: "ends" },
      ends.map((v) => html("span", {}, short(v, 3))),
    ),
  );
  const note = strange.length
    ? `${strange.map(([, word]) => word).join(", ")}: ${strange[0][0] === "!" ? "magenta" : "green"}`
    : "";
  const caption = [thumbnail.caption, note].filter(Boolean).join("; ");
  return html("figure", {}, canvas, key, caption && html("figcaption", {}, caption));
}

/** All numbers, in rows of the last axis. */
function valuesView(row) {
  const columns = row.shape[row.shape.length - 1] || 1;
  const lines = [];
  for (let i = 0; i < row.values.length; i += columns) lines.push(row.values.slice(i, i + columns));
  const body = lines.map((line) =>
    html(
      "tr",
      {},
      line.map((v) => html("td", { title: exact(v) }, short(v))),
    ),
  );
  const open = row.values.length <= 16;
  return html(
    "details",
    { open },
    html("summary", {}, plural(row.values.length, "number")),
    html("div", { class: "scroll" }, html("table", { class: "values" }, html("tbody", {}, body))),
  );
}
