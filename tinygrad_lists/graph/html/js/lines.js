// Lines between cards: data flows along the arrow, the gradient against it. A label says the local derivative, and what
// the chain rule made of it.

/**
 * Smooth curve through points, which leaves the first and enters the last along the layout: between them the monotone
 * cubic of Fritsch and Carlson (1980), which bends no more than the points do. Where it runs along the layout its handles
 * are longer, which makes rounder corners.
 */
function curve(points, direction) {
  const right = direction === "right";
  const at = (along, across) => round(right ? [along, across] : [across, along]);
  const turned = points.map(([x, y]) => (right ? [x, y] : [y, x]));
  const slopes = slopesAt(turned);
  const parts = [`M${round(points[0])}`];
  for (let i = 1; i < points.length; i++) {
    const [u0, v0] = turned[i - 1];
    const [u1, v1] = turned[i];
    if (u0 === u1 || v0 === v1) parts.push(...corner(points, i, 12));
    else {
      const out = (u1 - u0) / (slopes[i - 1] ? 3 : 2);
      const back = (u1 - u0) / (slopes[i] ? 3 : 2);
      parts.push(`C${at(u0 + out, v0 + slopes[i - 1] * out)} ${at(u1 - back, v1 - slopes[i] * back)} ${at(u1, v1)}`);
    }
  }
  return parts.join("");
}

/** Slopes of the monotone cubic: 0 at the ends and where the line turns, else a harmonic mean, weighted by length. */
function slopesAt(points) {
  return points.map(([u, v], i) => {
    if (i === 0 || i === points.length - 1) return 0;
    const [h, d] = [u - points[i - 1][0], v - points[i - 1][1]];
    const [nextH, nextD] = [points[i + 1][0] - u, points[i + 1][1] - v];
    if (d * nextD <= 0 || h <= 0 || nextH <= 0) return 0;
    const [a, b] = [2 * nextH + h, nextH + 2 * h];
    return (a + b) / ((a * h) / d + (b * nextH) / nextD);
  });
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

/**
 * What the label of a line says, in at most two lines; nothing where no gradient can flow. A line to or from a closed group
 * has only what it sends, if just one of its edges sends anything.
 */
function labelOf(graph, line, direction) {
  const sending = line.edges.filter((edge) => edge.contribution !== null && edge.contribution !== undefined);
  const isEdge = line.edges[0].id === line.id;
  const [edge] = isEdge ? line.edges : sending;
  if (!edge || (!isEdge && sending.length > 1) || ["constant", "index", "detached"].includes(edge.flow)) return [];
  const local = isEdge ? graph.array(edge.local) : null;
  const contribution = graph.array(edge.contribution);
  const isZero = edge.flow === "zero" || edge.flow === "dead";
  const found = [];
  if (local && sizeOf(local.shape)) found.push(`∂ ${rangeOf(local)}`);
  if (contribution) found.push(`${direction === "right" ? "←" : "↑"} ${isZero ? "0" : sizeText(contribution)}`);
  return found;
}

/** The room that a label takes, or null if there is nothing to write. */
function labelSize(words) {
  if (!words.length) return null;
  return { w: Math.max(...words.map((text) => textWidth(text, SMALL))) + 12, h: 14 * words.length + 5 };
}

/** The labels of all lines that have a place for one. */
function makeLabels(graph, lines, direction) {
  const labelled = lines.filter((line) => line.tag);
  return new Map(labelled.map((line) => [line.id, labelElement(labelOf(graph, line, direction), line)]));
}

function labelElement(words, line) {
  const { x, y, w, h } = line.tag;
  const bare = words.some((text) => text[0] === "∂") ? "" : " bare"; // nothing to say before it sends something
  const classes = `tag flow-${flowOfLine(line).replace(" ", "-")}${bare}`;
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
