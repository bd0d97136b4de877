// One card for each node and each closed group. A card says what it is on top, then its data, then its gradient; the
// strip at its foot shows the gradient's magnitude.

const FONT = "600 13px system-ui, sans-serif";
const SMALL = "11.5px system-ui, sans-serif";
const LINE = 16;

/** A card grows with its title up to this. Beside the text of a tensor stands its picture, with some room around it. */
const WIDEST = 240;
const PICTURE = 58;
const BESIDE = PICTURE + 8;

/** Scalars need two lines; tensors show a picture, beside the text or, in layouts to the right, below it. */
function cardKind(graph, item) {
  const node = item.kind === "group" ? graph.results.get(item.id) : graph.nodes.get(item.id);
  const row = graph.array(node.data);
  if (row && row.thumbnail && sizeOf(row.shape) > 1) return "tensor";
  const isLiteral =
    item.kind === "node" && node.role === "constant" && !node.shape.length && !node.name && !node.mark;
  return isLiteral ? "literal" : "scalar";
}

function cardSize(graph, item, direction) {
  const upright = direction === "right";
  const kind = cardKind(graph, item);
  if (kind === "literal") return { w: 74, h: 30 };
  const { title, mark } = cardFacts(graph, item);
  const words = Math.min(WIDEST, 54 + textWidth(oneLine(title), FONT) + (mark ? 20 : 0));
  if (kind === "scalar") return { w: Math.max(136, words), h: 72 };
  if (upright) return { w: Math.max(146, words), h: 158 };
  const node = item.kind === "group" ? graph.results.get(item.id) : graph.nodes.get(item.id);
  const numbers = 22 + textWidth(rangeText(graph.array(node.data), upright), SMALL);
  return { w: Math.max(230, Math.max(words, Math.min(WIDEST, numbers)) + BESIDE), h: 90 };
}

/** Facts of a node or closed group that do not change during a replay. */
function cardFacts(graph, item) {
  if (item.kind === "group") {
    const group = graph.groups.get(item.id);
    const node = graph.results.get(item.id);
    const count = group.count > 1 ? ` × ${group.count}` : "";
    return { node, role: "group", glyph: "▦", title: group.label + count, mark: graph.marks.get(item.id) ?? null };
  }
  const node = graph.nodes.get(item.id);
  const count = node.count > 1 ? ` × ${node.count}` : "";
  const title = (node.name || node.op || node.role) + count;
  return { node, role: node.role, glyph: glyphOf(node), title, mark: node.mark ?? null };
}

/** The card as an SVG group; `paint` fills in what a replay changes. */
function makeCard(graph, item, direction) {
  const facts = cardFacts(graph, item);
  const { node } = facts;
  if (cardKind(graph, item) === "literal") return literalCard(graph, item, facts);
  const { w, h } = item;
  const row = graph.array(node.data);
  const tensor = cardKind(graph, item) === "tensor";
  const upright = tensor && direction === "right";
  const textWide = w - 20 - (tensor && !upright ? BESIDE : 0);
  const element = svg("g", {
    class: `card role-${facts.role}${node.phase ? " later" : ""}`,
    transform: `translate(${item.x} ${item.y})`,
    "data-id": item.id,
    role: "button",
    tabindex: -1,
  });
  const text = (x, y, kind, words) => svg("text", { x, y, class: kind }, words);
  element.append(
    svg("rect", { class: "halo", x: -5, y: -5, width: w + 10, height: h + 10, rx: 13 }),
    svg("rect", { class: "face", width: w, height: h, rx: 9 }),
    svg("rect", { class: "icon", x: 8, y: 8, width: 26, height: 20, rx: 5 }),
    svg("text", { x: 21, y: 22, class: "glyph" + (facts.glyph.length > 2 ? " long" : "") }, facts.glyph),
    text(41, 22.5, "title", fitted(facts.title, textWide - 33 - (facts.mark ? 20 : 0), FONT)),
  );
  let y = 28 + LINE;
  const subtitle = subtitleOf(graph, item, facts, tensor);
  if (tensor) {
    element.append(text(11, y, "shape", fitted(subtitle, textWide, SMALL)));
    if (upright) element.append(pictureOf(row, 12, y + 7, w - 24, 56));
    else element.append(pictureOf(row, w - PICTURE - 9, 12, PICTURE, PICTURE));
    if (upright) y += 62;
    y += LINE;
    element.append(text(11, y, "data", fitted(rangeText(row, upright), textWide, SMALL)));
  } else {
    const single = row && onlyValue(row);
    const label = single === null || !node.shape.length ? "data" : shapeText(node.shape);
    const value = single === null ? (row ? shapeText(node.shape) : "none") : short(single);
    element.append(text(11, y, "label", label), svg("text", { x: w - 11, y, class: "number" }, value));
  }
  y += LINE;
  const gradLabel = text(11, y, "label", "grad");
  const gradText = svg("text", { x: tensor && !upright ? 11 + textWide : w - 11, y, class: "number grad" });
  const strip = svg("path", { class: "strip", d: stripPath(w, h) });
  element.append(gradLabel, gradText, strip);
  if (facts.mark) element.append(verdictBadge(facts.mark, w));
  if (item.kind === "group") element.append(countBadge(graph, item, w));
  if (node.hooked) element.append(text(w - 16, 22, "hook", "⚓"));
  return { element, facts, gradText, gradLabel, strip, item, room: textWide - 34 };
}

function subtitleOf(graph, item, facts, tensor) {
  const { node } = facts;
  const shape = tensor || node.shape.length ? shapeText(node.shape) : "";
  const op = item.kind === "node" && node.name && node.op ? node.op : "";
  return [op, shape].filter(Boolean).join(" · ");
}

/** The number of a scalar or of a tensor of one element; null of others. */
function onlyValue(row) {
  if (!row.shape.length) return row.value;
  return row.values && row.values.length === 1 ? row.values[0] : null;
}

/** A number that the program names nowhere needs no more than itself. */
function literalCard(graph, item, facts) {
  const { w, h } = item;
  const value = graph.array(facts.node.data);
  const element = svg(
    "g",
    {
      class: "card role-constant",
      transform: `translate(${item.x} ${item.y})`,
      "data-id": item.id,
      role: "button",
      tabindex: -1,
    },
    svg("rect", { class: "halo", x: -5, y: -5, width: w + 10, height: h + 10, rx: 13 }),
    svg("rect", { class: "face", width: w, height: h, rx: 9 }),
    svg("rect", { class: "icon", x: 5, y: 5, width: 20, height: 20, rx: 5 }),
    svg("text", { x: 15, y: 19, class: "glyph long" }, facts.glyph),
    svg("text", { x: w - 9, y: 19.5, class: "number" }, fitted(short(value.value), w - 38, SMALL)),
  );
  const unseen = svg("text", {});
  return { element, facts, gradText: unseen, gradLabel: unseen, strip: unseen, item, room: 100 };
}

function rangeText(row, upright) {
  if (row.norm === null) return "nothing finite";
  const strange = (row.nan ?? 0) + (row.inf ?? 0) + (row.minus_inf ?? 0);
  const digits = upright ? 2 : 3;
  const range = `${short(row.low, digits)} … ${short(row.high, digits)}`;
  const norm = `‖x‖ ${short(row.norm, 3)}`;
  return strange ? `${strange} not finite · ${norm}` : upright ? `${range}` : `${norm} · ${range}`;
}

/** The thumbnail, as large as fits, its pixels square unless that would make it a line. */
function pictureOf(row, x, y, w, h) {
  const [wide, high] = pictureSize(row);
  const scale = Math.min(w / wide, h / high);
  const width = Math.max(wide * scale, 4);
  const height = Math.max(high * scale, Math.min(h, 10));
  const place = { x: x + (w - width) / 2, y: y + (h - height) / 2, width, height };
  const image = svg("image", { class: "picture", ...place, preserveAspectRatio: "none", href: pictureAddress(row) });
  // A border, or white pixels would be lost on a white card.
  return svg("g", {}, image, svg("rect", { class: "edge", ...place }));
}

/** The strip follows the round corners at the foot of the card. */
function stripPath(w, h) {
  const r = 9;
  const top = h - 6;
  return `M0.6 ${top}H${w - 0.6}V${h - r}A${r - 1} ${r - 1} 0 0 1 ${w - r} ${h - 0.6}H${r}A${r - 1} ${r - 1} 0 0 1 0.6 ${h - r}Z`;
}

function verdictBadge(mark, w) {
  const { look, sign } = verdictLook(mark);
  return svg(
    "g",
    { class: `verdict look-${look}`, transform: `translate(${w - 18} 18)` },
    svg("circle", { r: 9.5 }),
    svg("text", { y: 4.5 }, sign),
  );
}

function countBadge(graph, item, w) {
  const count = `${graph.members.get(item.id).length}`;
  const wide = 20 + 7 * count.length;
  return svg(
    "g",
    { class: "opener", transform: `translate(${w - wide + 6} -9)` },
    svg("rect", { width: wide, height: 18, rx: 9 }),
    svg("text", { x: wide / 2, y: 13 }, `+ ${count}`),
  );
}

/** What a card says about its gradient after `step` steps, or in the end (null). Returns its classes and its label. */
function paintCard(graph, card, step, dark) {
  const { node, title } = card.facts;
  const now = gradientAt(graph, node, step);
  const key = `${now.state} ${now.arrived} ${dark}`;
  if (card.key === key) return card.painted;
  card.key = key;
  const flow = step === null || now.state === "none" ? node.flow : null;
  const words = flow && flow !== "flows" ? FLOWS[flow][0] : "";
  const text = gradientText(now, flow, words);
  card.gradText.textContent = fitted(text, card.room, SMALL);
  // "grad" before a sentence that is its own explanation would only take the room.
  card.gradLabel.classList.toggle("hidden", textWidth(text, SMALL) > card.room - 4);
  const share = now.row && !["dead", "zero"].includes(flow) ? shareOnScale(graph.range, now.row) : null;
  card.strip.setAttribute("fill", share === null ? "none" : scaleColour(share, dark));
  const isZero = flow === "zero" || (flow === null && now.row && magnitude(now.row) === 0);
  const verdict = card.facts.mark ? ` look-${verdictLook(card.facts.mark).look}` : "";
  const look = isZero ? "zero" : (flow ?? "flows").replace(" ", "-");
  const kind = card.item.kind === "group" ? "closed group" : card.facts.role;
  const state = step === null ? words : now.state;
  card.painted = {
    classes: `card role-${card.facts.role}${node.phase ? " later" : ""} flow-${look}${verdict}${step === null ? "" : ` is-${now.state}`}`,
    label: `${oneLine(title)}, ${kind}, gradient ${text || "none"}${state && state !== text ? ", " + state : ""}`,
  };
  return card.painted;
}

function gradientText(now, flow, words) {
  if (now.state === "waiting") return "waiting";
  if (flow && !["flows", "zero"].includes(flow)) return words;
  if (!now.row) return "";
  const single = onlyValue(now.row);
  const empty = sizeOf(now.row.shape) ? "not finite" : "empty";
  const text = single !== null ? short(single) : now.row.norm === null ? empty : `‖g‖ ${short(now.row.norm)}`;
  return now.state === "partial" ? `${text} · ${now.arrived}/${now.expected}` : text;
}
