// Lines between cards: data flows along the arrow, the gradient against it. A label says the local derivative, and what
// the chain rule made of it.

/** Smooth curve through points whose tangents all point along the layout. */
function curve(points, direction) {
  const parts = [`M${round(points[0])}`];
  for (let i = 1; i < points.length; i++) {
    const [x0, y0] = points[i - 1];
    const [x1, y1] = points[i];
    if (x0 === x1 || y0 === y1) parts.push(...corner(points, i, 12));
    else if (direction === "right") {
      const middle = (x0 + x1) / 2;
      parts.push(`C${round([middle, y0])} ${round([middle, y1])} ${round([x1, y1])}`);
    } else {
      const middle = (y0 + y1) / 2;
      parts.push(`C${round([x0, middle])} ${round([x1, middle])} ${round([x1, y1])}`);
    }
  }
  return parts.join("");
}

/** A straight piece, with a round corner before a next one at right angles. */
function corner(points, i, radius) {
  const [[x0, y0], [x1, y1], [x2, y2]] = [points[i - 1], points[i], points[i + 1] ?? [NaN, NaN]];
  if (!((x0 === x1 && y1 === y2 && x1 !== x2) || (y0 === y1 && x1 === x2 && y1 !== y2)))
    return [`L${round(points[i])}`];
  const r = Math.min(radius, Math.hypot(x1 - x0, y1 - y0) / 2, Math.hypot(x2 - x1, y2 - y1) / 2);
  const towards = (x, y) => [x1 + r * Math.sign(x - x1), y1 + r * Math.sign(y - y1)];
  return [`L${round(towards(x0, y0))}`, `Q${round([x1, y1])} ${round(towards(x2, y2))}`];
}

function round([x, y]) {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}

function arrowHead([x, y], direction) {
  return direction === "right" ? `M${round([x, y])}l-8.5 -4v8Z` : `M${round([x, y])}l-4 -8.5h8Z`;
}

/** Of several edges drawn as one line the flow that matters: if any flows, it flows. */
function flowOfLine(line) {
  const flows = line.edges.map((edge) => edge.flow);
  return flows.find((flow) => flow === "flows") ?? flows[0];
}

function makeLine(graph, line, direction) {
  const flow = flowOfLine(line);
  const points = line.points.slice();
  const [tipX, tipY] = points[points.length - 1];
  // The curve ends at the foot of the arrow head, or its blunt end would show beside the tip.
  points[points.length - 1] = direction === "right" ? [tipX - 7, tipY] : [tipX, tipY - 7];
  const d = curve(points, direction);
  const share = line.edges.length === 1 ? shareOnScale(graph.range, graph.array(line.edges[0].contribution)) : null;
  const width = share === null ? 1.4 : 1.2 + 2 * Math.max(0, Math.min(1, share));
  const classes = `line flow-${flow.replace(" ", "-")}`;
  const element = svg(
    "g",
    { class: classes, "data-line": line.id },
    svg("path", { class: "grip", d }),
    svg("path", { class: "wire", d, "stroke-width": width }),
    svg("path", { class: "tip", d: arrowHead([tipX, tipY], direction) }),
  );
  return { element, line, classes };
}

/** What the label of a line says, in at most two lines; nothing where no gradient can flow or groups are closed. */
function labelOf(graph, line, direction) {
  const [edge] = line.edges;
  if (edge.id !== line.id || ["constant", "index", "detached"].includes(edge.flow)) return [];
  const local = graph.array(edge.local);
  const contribution = graph.array(edge.contribution);
  const found = [];
  const words = (row, norm) => (row.shape.length ? `${norm} ${short(row.norm ?? NaN)}` : short(row.value));
  if (local) found.push(`∂ ${words(local, "norm")}`);
  if (contribution) found.push(`${direction === "right" ? "←" : "↑"} ${words(contribution, "norm")}`);
  return found;
}

/** The point at share t of the last long piece of a line, where the lines to one card have come apart. */
function pointNearEnd(points, t, direction) {
  let last = points.length - 1;
  const length = (i) => Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]);
  while (last > 1 && length(last) < 40 && length(last - 1) > length(last)) last--;
  const [x0, y0] = points[last - 1];
  const [x1, y1] = points[last];
  const s = t * t * (3 - 2 * t); // of the curve's coordinate across
  const along = (a, b) => a + (b - a) * (0.75 * t + 0.25 * s);
  return direction === "right" ? [along(x0, x1), y0 + (y1 - y0) * s] : [x0 + (x1 - x0) * s, along(y0, y1)];
}

/** Where a label may stand: along the last piece, then in the middle of the others, the longest first. */
function labelPlaces(points, direction) {
  const pieces = points
    .slice(1, -1)
    .map(([x, y], i) => [
      (x + points[i][0]) / 2,
      (y + points[i][1]) / 2,
      Math.hypot(x - points[i][0], y - points[i][1]),
    ]);
  const others = pieces.filter((piece) => piece[2] > 40).sort((a, b) => b[2] - a[2]);
  return [...[0.5, 0.36, 0.64, 0.25, 0.76].map((t) => pointNearEnd(points, t, direction)), ...others];
}

/** Labels for lines, each at the first of some places where it covers no card and no other label. */
function makeLabels(graph, lines, items, direction) {
  const taken = items.filter((item) => item.kind !== "frame").map((item) => [item.x, item.y, item.w, item.h]);
  const made = new Map();
  for (const line of lines) {
    const words = labelOf(graph, line, direction);
    if (!words.length) continue;
    const w = Math.max(...words.map((text) => textWidth(text, SMALL))) + 12;
    const h = 14 * words.length + 5;
    let place = null;
    let free = false;
    for (const [x, y] of labelPlaces(line.points, direction)) {
      const box = [x - w / 2, y - h / 2, w, h];
      place ??= box;
      if (!taken.some((other) => overlap(other, box))) {
        place = box;
        free = true;
        break;
      }
    }
    if (free) taken.push(place);
    made.set(line.id, labelElement(words, place, line, free));
  }
  return made;
}

function overlap([ax, ay, aw, ah], [bx, by, bw, bh]) {
  return ax < bx + bw && bx < ax + aw && ay < by + bh && by < ay + ah;
}

/** One that found no free place is seen when its line or one of its cards is chosen. */
function labelElement(words, [x, y, w, h], line, free) {
  const flow = flowOfLine(line).replace(" ", "-");
  const classes = `tag flow-${flow}${free ? "" : " crowded"}`;
  const element = svg(
    "g",
    { class: classes, transform: `translate(${x} ${y})`, "data-line": line.id },
    svg("rect", { width: w, height: h, rx: 5 }),
    words.map((text, i) =>
      svg("text", { x: w / 2, y: 13 + 14 * i, class: text[0] === "∂" ? "local" : "sent" }, text),
    ),
  );
  return { element, classes };
}
