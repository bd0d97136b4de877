// What is to be seen: which groups are open, where everything stands, and the way of every line. Frames (open groups)
// are laid out one by one, the innermost first; in the layout around it a frame is one item. That is possible because no
// way leads out of a group and back into it.

const PADDING = 18;
const FRAME_TITLE = 26;

/**
 * Items and lines that are visible if the groups in `open` are.
 *
 * Items: {id, kind: "node" | "group" | "frame", parent}; `parent` is the frame around, "" for the whole picture.
 * Lines: {id, source, target, edges}; one for each edge between nodes, one for all edges between a pair with a group.
 */
function buildScene(graph, open) {
  const items = new Map();
  const shown = new Map();
  const enter = (id, kind, parent) => items.has(id) || items.set(id, { id, kind, parent });
  for (const node of graph.data.nodes) {
    let parent = "";
    let place = node.id;
    for (const group of graph.ancestors.get(node.id)) {
      if (!open.has(group)) {
        place = group;
        break;
      }
      enter(group, "frame", parent);
      parent = group;
    }
    enter(place, place === node.id ? "node" : "group", parent);
    shown.set(node.id, place);
  }
  const lines = new Map();
  for (const edge of graph.data.edges) {
    const source = shown.get(edge.source);
    const target = shown.get(edge.target);
    if (source === target) continue;
    const single = source === edge.source && target === edge.target;
    const key = single ? edge.id : `${source} ${target}`;
    if (!lines.has(key)) lines.set(key, { id: key, source, target, edges: [], position: edge.position });
    lines.get(key).edges.push(edge);
  }
  return { items, lines: [...lines.values()], shown };
}

/** The frames around an item, outermost first, beginning with the whole picture. */
function framesAround(scene, id) {
  const found = [];
  for (let at = scene.items.get(id).parent; ; at = scene.items.get(at).parent) {
    found.unshift(at);
    if (at === "") return found;
  }
}

/**
 * Give every item {x, y, w, h}, every line its `points`, and every line that has a `label`, {w, h}, the `tag` to write it
 * on, {x, y, w, h}.
 *
 * sizeOfItem(item) -> {w, h}; direction "down" or "right"; gaps {across, along, near, line}.
 */
function layoutScene(scene, sizeOfItem, direction, gaps) {
  const turned = direction === "right";
  const frames = new Map([["", emptyFrame()]]);
  for (const item of scene.items.values()) {
    if (item.kind === "frame") frames.set(item.id, emptyFrame());
    else {
      const { w, h } = sizeOfItem(item);
      Object.assign(item, turned ? { w: h, h: w } : { w, h });
    }
  }
  const around = new Map([...scene.items.keys()].map((id) => [id, framesAround(scene, id)]));
  for (const item of scene.items.values()) frames.get(item.parent).items.push(item);
  for (const line of scene.lines) {
    const { w, h } = line.label ?? {};
    routeThrough(line, frames, around, line.label && (turned ? { w: h, h: w } : { w, h }));
  }
  const depth = (id) => (id === "" ? 0 : around.get(id).length);
  const inward = [...frames.keys()].sort((a, b) => depth(b) - depth(a));
  for (const id of inward) layoutFrame(id, frames.get(id), scene, turned, gaps);
  const whole = frames.get("");
  for (const id of inward.reverse()) {
    const at = id === "" ? { x: 0, y: 0 } : scene.items.get(id);
    const frame = frames.get(id);
    frame.at = [at.x + frame.inset[0], at.y + frame.inset[1]];
    for (const item of frame.items) {
      const place = frame.layout.places.get(item.id);
      item.x = frame.at[0] + place.x;
      item.y = frame.at[1] + place.y;
    }
  }
  for (const line of scene.lines) {
    line.points = joined(line, frames);
    line.tag = tagOf(line, frames);
  }
  if (turned) turnBack(scene);
  const size = [whole.layout.width, whole.layout.to];
  return { width: size[turned ? 1 : 0], height: size[turned ? 0 : 1] };
}

function emptyFrame() {
  return { items: [], ports: new Map(), links: [], seen: new Map(), inset: [0, 0] };
}

/**
 * Cut a line into links: out of the frames around its source, through the innermost common frame, into its target's. The
 * last has the label, and is shared with no other line.
 */
function routeThrough(line, frames, around, label) {
  const out = around.get(line.source);
  const into = around.get(line.target);
  let common = 0;
  while (common + 1 < Math.min(out.length, into.length) && out[common + 1] === into[common + 1]) common++;
  const key = line.source;
  line.parts = [];
  const add = (frameId, from, to, shared) => {
    const frame = frames.get(frameId);
    const name = JSON.stringify([from, to, key]);
    let link = shared ? frame.seen.get(name) : undefined;
    if (link === undefined) {
      link = frame.links.length;
      frame.links.push({ from, to, key, position: line.position, label: shared ? null : label });
      if (shared) frame.seen.set(name, link);
    }
    line.parts.push({ frame: frameId, link });
  };
  const port = (frameId, side) => {
    const id = `${side} ${key}`;
    frames.get(frameId).ports.set(id, { id, w: 0, h: 0, fixed: side, key });
    return id;
  };
  let from = line.source;
  for (let i = out.length - 1; i > common; i--) {
    add(out[i], from, port(out[i], "last"), true);
    from = out[i];
  }
  const goal = (i) => (i + 1 < into.length ? into[i + 1] : line.target);
  add(into[common], from, goal(common), goal(common) !== line.target);
  for (let i = common + 1; i < into.length; i++) {
    add(into[i], port(into[i], "first"), goal(i), goal(i) !== line.target);
  }
}

/** Lay out one frame, whose inner frames have been laid out, and make it an item for the one around it. */
function layoutFrame(id, frame, scene, turned, gaps) {
  const ports = [...frame.ports.values()];
  // A frame has to leave some of the screen to what is around it.
  const screen = gaps.screen.map((side) => (id === "" ? side : 0.7 * side));
  frame.layout = layoutLayers([...frame.items, ...ports], frame.links, { ...gaps, screen });
  if (id === "") return;
  // The title stands on top: at the start of the axis along if the layout runs down, across if it runs to the right.
  frame.inset = turned ? [PADDING + FRAME_TITLE, PADDING] : [PADDING, PADDING + FRAME_TITLE];
  const sides = (side) => ports.filter((port) => port.fixed === side);
  const { width, from, to } = frame.layout;
  // Where many lines come in or go out side by side they need room to spread.
  const spread = (side) => {
    const many = frame.links.filter((link) =>
      sides(side).some((port) => port.id === link.from || port.id === link.to),
    );
    return Math.min(0.6 * gaps.along, 6 * Math.max(0, many.length - 2));
  };
  frame.inset[1] += spread("first") - from;
  const minimum = 150;
  const w = Math.max(width + 2 * PADDING + (turned ? FRAME_TITLE : 0), turned ? 0 : minimum);
  const room = spread("first") + spread("last");
  const h = Math.max(to - from + room + 2 * PADDING + (turned ? 0 : FRAME_TITLE), turned ? minimum : 0);
  frame.inset[0] += (w - (turned ? FRAME_TITLE : 0) - 2 * PADDING - width) / 2;
  const at = (port) => [port.key, frame.inset[0] + frame.layout.places.get(port.id).x];
  const entry = new Map(sides("first").map(at));
  const exit = new Map(sides("last").map(at));
  Object.assign(scene.items.get(id), { w, h, entry, exit });
}

/** The points of a line in the coordinates of the whole picture. */
function joined(line, frames) {
  const points = [];
  line.parts.forEach(({ frame: id, link }, i) => {
    const frame = frames.get(id);
    const own = frame.layout.routes[link].map(([x, y]) => [x + frame.at[0], y + frame.at[1]]);
    // Where a line passes a border, the end of one part and the start of the next are one point: that on the border.
    const { from, to } = frame.links[link];
    if (frame.ports.has(from)) own.shift();
    if (frame.ports.has(to)) own.pop();
    points.push(...own);
  });
  return points.filter(
    ([x, y], i) => i === 0 || Math.abs(x - points[i - 1][0]) + Math.abs(y - points[i - 1][1]) > 0.5,
  );
}

/** Where the label of a line stands, in the coordinates of the whole picture. */
function tagOf(line, frames) {
  const { frame: id, link } = line.parts[line.parts.length - 1];
  const frame = frames.get(id);
  const place = frame.layout.labels[link];
  return place && { ...place, x: place.x + frame.at[0], y: place.y + frame.at[1] };
}

function turnBack(scene) {
  const tags = scene.lines.map((line) => line.tag).filter(Boolean);
  for (const box of [...scene.items.values(), ...tags]) [box.x, box.y, box.w, box.h] = [box.y, box.x, box.h, box.w];
  for (const line of scene.lines) line.points = line.points.map(([x, y]) => [y, x]);
}

/**
 * Which groups to open at first: everything if the picture stays small; else level by level all groups that hold groups,
 * as long as that gives a picture that one can take in. Of equals side by side either all are open or none.
 */
function firstOpen(graph, few = 26, many = 80) {
  if (graph.data.nodes.length <= few) return new Set(graph.groups.keys());
  const open = new Set();
  let visible = graph.children.get("").length;
  let parents = [""];
  while (parents.length) {
    const next = [];
    for (const parent of parents) {
      const holders = graph.children.get(parent).filter((id) => graph.groups.has(id) && holdsGroups(graph, id));
      const more = holders.reduce((sum, id) => sum + graph.children.get(id).length - 1, 0);
      if (visible + more > many) continue;
      visible += more;
      for (const id of holders) open.add(id);
      next.push(...holders);
    }
    parents = next;
  }
  return open;
}

function holdsGroups(graph, id) {
  return graph.children.get(id).some((child) => graph.groups.has(child));
}
