// The picture: it holds what is open and what is chosen, and keeps the drawing in step with both.

/** Up to so many lines all labels are shown; in larger pictures only those of the chosen card. */
const MOST_LABELS = 70;

class Picture {
  /** `told` is {choose(choice), opened()}: what to call when the user chooses something, or the picture has changed. */
  constructor(graph, surface, told) {
    this.graph = graph;
    this.surface = surface;
    this.told = told;
    this.open = firstOpen(graph);
    this.direction = null;
    this.step = null;
    this.chosen = null; // {kind: "node" | "group" | "line", id}
    this.hits = new Set();
    this.layers = Object.fromEntries(
      ["frames", "lines", "cards", "tags"].map((name) => [name, svg("g", { class: name })]),
    );
    this.content = svg("g", { class: "content" }, Object.values(this.layers));
    surface.append(this.content);
    this.camera = new Camera(surface, this.content, () => this.keepChosenInView());
    surface.addEventListener("click", (event) => this.click(event));
    surface.addEventListener("dblclick", (event) => this.click(event, true));
  }

  /** Lay out and draw anew. `anchor` is the id of an item that should stay where it is on the screen. */
  redraw(anchor = null) {
    const { graph, camera } = this;
    const before = anchor && this.scene ? this.standIn(anchor) : null;
    if (this.direction === null) this.direction = this.betterDirection();
    const size = this.arrange(this.direction);
    camera.size = size;
    const items = [...this.scene.items.values()];
    this.cards = new Map();
    this.lines = new Map();
    this.frames = new Map();
    for (const item of items) {
      if (item.kind === "frame") this.frames.set(item.id, makeFrame(graph, item));
      else this.cards.set(item.id, makeCard(graph, item, this.direction));
    }
    for (const line of this.scene.lines) this.lines.set(line.id, makeLine(graph, line, this.direction));
    this.tags = makeLabels(graph, this.scene.lines, this.direction);
    this.layers.frames.replaceChildren(...[...this.frames.values()].map((frame) => frame.element));
    this.layers.lines.replaceChildren(...[...this.lines.values()].map((line) => line.element));
    this.layers.cards.replaceChildren(...[...this.cards.values()].map((card) => card.element));
    this.layers.tags.replaceChildren(...[...this.tags.values()].map((tag) => tag.element));
    this.paint();
    this.reachable(this.focused());
    if (before) this.stay(before, this.standIn(anchor));
    this.told.opened?.();
  }

  arrange(direction) {
    this.scene = buildScene(this.graph, this.open);
    if (this.scene.lines.length <= MOST_LABELS)
      for (const line of this.scene.lines) line.label = labelSize(labelOf(this.graph, line, direction));
    const box = this.surface.getBoundingClientRect();
    const screen = direction === "right" ? [box.width, box.height] : [box.height, box.width];
    const gaps = { across: 24, along: 34, near: direction === "right" ? 22 : 17, line: 16, screen };
    return layoutScene(this.scene, (item) => cardSize(this.graph, item, direction), direction, gaps);
  }

  /** Down or to the right: whichever can be seen larger. */
  betterDirection() {
    const down = this.camera.fitting(this.arrange("down"));
    const right = this.camera.fitting(this.arrange("right"));
    return right > down * 1.02 ? "right" : "down";
  }

  turn() {
    this.direction = this.direction === "right" ? "down" : "right";
    this.redraw();
    this.camera.fit();
  }

  /** The item that shows a node or group now: itself, or the closed group around it. */
  standIn(id) {
    if (this.scene.items.has(id)) return this.scene.items.get(id);
    if (this.scene.shown.has(id)) return this.scene.items.get(this.scene.shown.get(id));
    const around = this.graph.ancestors.get(id) ?? [];
    return this.scene.items.get(around.find((group) => !this.open.has(group)) ?? id);
  }

  stay(before, now) {
    const { camera } = this;
    camera.panBy((before.x - now.x) * camera.zoom, (before.y - now.y) * camera.zoom);
  }

  /** Open or close a group; focus stays on what shows it. */
  toggle(id, open = !this.open.has(id)) {
    if (open === this.open.has(id)) return;
    if (open) this.open.add(id);
    else this.open.delete(id);
    const hadFocus = this.surface.contains(document.activeElement);
    const { fitted } = this.camera;
    this.redraw(id);
    // What fitted goes on fitting, as long as it can still be read.
    if (fitted && this.camera.fitting(this.camera.size) > 0.55) this.camera.fit();
    if (hadFocus) this.focus(id);
  }

  openAll(open) {
    this.open = open ? new Set(this.graph.groups.keys()) : new Set();
    this.redraw();
    this.camera.fit();
  }

  /** Open all groups around a node or group, so that it is seen itself. */
  reveal(id) {
    const closed = this.graph.ancestors.get(id).filter((group) => !this.open.has(group));
    if (!closed.length) return;
    for (const group of closed) this.open.add(group);
    this.redraw(closed[0]);
  }

  /** Choose something and bring it into view. */
  goTo(kind, id) {
    if (kind !== "line") this.reveal(id);
    this.choose({ kind, id });
    const item = this.scene.items.get(id);
    if (item) this.camera.show(item, true);
  }

  choose(chosen) {
    this.chosen = chosen;
    this.paint();
    if (chosen && chosen.kind !== "line") this.reachable(chosen.id);
    this.told.choose(chosen);
  }

  /** When the panel opens beside it, the picture gets narrower. */
  keepChosenInView() {
    const item = this.chosen && this.scene?.items.get(this.chosen.id);
    if (item) this.camera.show(item);
  }

  /** Everything that changes without a new layout; only what has changed is touched. */
  paint() {
    const dark = isDark();
    const { chosen, step, graph } = this;
    const steps = step ? graph.steps[step - 1] : null;
    const home = steps ? this.standIn(steps.node) : null;
    for (const [id, card] of this.cards) {
      const { classes, label } = paintCard(graph, card, step, dark);
      const active = home && home.id === id && home.kind === "group" ? " is-active" : "";
      const hit = card.item.kind === "node" && this.hits.has(id) ? " is-hit" : "";
      setOnce(card, "class", classes + active + hit + (chosen?.id === id ? " is-chosen" : ""));
      setOnce(card, "aria-label", label);
    }
    for (const [id, drawn] of this.lines) {
      const { line } = drawn;
      const near = chosen && (chosen.id === line.source || chosen.id === line.target) ? " is-near" : "";
      const at = (is) => line.edges.some((edge) => is(graph.sentIn.get(edge.id)));
      let state = "";
      if (step !== null)
        state = at((k) => k === step && k > 0) ? " is-active" : at((k) => k <= step) ? "" : " is-pending";
      const classes = near + state + (chosen?.id === id ? " is-chosen" : "");
      setOnce(drawn, "class", drawn.classes + classes);
      const tag = this.tags.get(id);
      if (tag) setOnce(tag, "class", tag.classes + classes);
    }
    for (const [id, frame] of this.frames) frame.element.classList.toggle("is-chosen", chosen?.id === id);
  }

  /** A click on a closed group opens it; on a frame's title it closes; on a card or line it chooses it. */
  click(event, twice = false) {
    if (this.camera.dragged) return;
    const card = event.target.closest("[data-id]");
    const line = event.target.closest("[data-line]");
    const title = event.target.closest("[data-frame]");
    if (title) this.toggle(title.dataset.frame, false);
    else if (card) this.activate(card.dataset.id, Boolean(event.target.closest(".opener")) || twice);
    else if (line) this.choose({ kind: "line", id: line.dataset.line });
    else if (!twice) this.choose(null);
  }

  activate(id, opening = false) {
    const { kind } = this.scene.items.get(id);
    if (kind === "frame") this.toggle(id, false);
    else if (kind === "group" && (opening || this.chosen?.id === id)) this.toggle(id, true);
    else {
      this.choose({ kind, id });
      this.focus(id);
    }
  }

  elementOf(id) {
    return this.cards.get(id)?.element ?? this.frames.get(id)?.title;
  }

  focused() {
    return document.activeElement?.dataset?.id ?? document.activeElement?.dataset?.frame ?? this.chosen?.id ?? null;
  }

  /** Make one card the one that Tab comes to (a roving tabindex). */
  reachable(id) {
    const item =
      (id !== null && this.graph.ancestors.has(id) && this.standIn(id)) || this.cards.values().next().value?.item;
    for (const [, { element }] of this.cards) element.setAttribute("tabindex", -1);
    for (const [, { title }] of this.frames) title.setAttribute("tabindex", -1);
    if (item) this.elementOf(item.id)?.setAttribute("tabindex", 0);
  }

  focus(id) {
    const item = this.standIn(id);
    if (!item) return;
    this.reachable(item.id);
    this.elementOf(item.id).focus({ preventScroll: true });
  }

  /** Move the focus to the next card in a direction, those that a line leads to first. */
  walk(dx, dy) {
    const from = this.scene.items.get(this.focused());
    if (!from) return this.focus(this.cards.keys().next().value);
    const joined = new Set();
    for (const { source, target } of this.scene.lines) {
      if (source === from.id) joined.add(target);
      if (target === from.id) joined.add(source);
    }
    const middle = (item) => [item.x + item.w / 2, item.kind === "frame" ? item.y + 12 : item.y + item.h / 2];
    const [x, y] = middle(from);
    let best = null;
    for (const item of this.scene.items.values()) {
      const [ix, iy] = middle(item);
      const ahead = (ix - x) * dx + (iy - y) * dy;
      const aside = Math.abs((ix - x) * dy) + Math.abs((iy - y) * dx);
      if (item === from || ahead < 8) continue;
      const far = (ahead + 2.2 * aside) * (joined.has(item.id) ? 0.4 : 1);
      if (!best || far < best.far) best = { far, item };
    }
    if (!best) return;
    this.focus(best.item.id);
    this.camera.show(best.item);
  }
}

/** Set an attribute of a drawn thing unless it is so already. */
function setOnce(drawn, name, value) {
  if (drawn[name] === value) return;
  drawn[name] = value;
  drawn.element.setAttribute(name, value);
}

/** The border around an open group, and its title, which closes it. */
function makeFrame(graph, item) {
  const group = graph.groups.get(item.id);
  const count = group.count > 1 ? ` × ${group.count}` : "";
  const label = fitted(group.label + count, item.w - 50, FONT);
  const title = svg(
    "g",
    {
      class: "frame-title",
      "data-frame": item.id,
      role: "button",
      tabindex: -1,
      "aria-expanded": "true",
      "aria-label": `${oneLine(group.label)}, open group; Enter closes it`,
    },
    svg("rect", { x: item.x + 6, y: item.y + 6, width: textWidth(label, FONT) + 34, height: 22, rx: 6 }),
    svg("text", { x: item.x + 14, y: item.y + 21.5, class: "fold" }, "−"),
    svg("text", { x: item.x + 29, y: item.y + 21.5 }, label),
  );
  const look = group.mark ? ` look-${verdictLook(group.mark).look}` : "";
  const depth = graph.ancestors.get(item.id).length % 2 ? " odd" : "";
  const element = svg(
    "g",
    { class: `frame${depth}${look}` },
    svg("rect", { class: "border", x: item.x, y: item.y, width: item.w, height: item.h, rx: 13 }),
    title,
  );
  return { element, title };
}
