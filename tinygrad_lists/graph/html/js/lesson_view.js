// Lesson mode on the page: two pictures of one graph side by side, the right way and the mistake, with one slider.

const LESSON_CARD = { w: 112, h: 62 };

class LessonView {
  constructor(graph) {
    this.dialog = byId("lesson");
    const own = lessonGraph(graph);
    this.sources = [...(own ? [["This graph", own]] : []), ["Example", exampleLesson()]];
    this.source = 0;
    this.lesson = LESSONS[0];
    this.timer = null;
    this.slider = byId("lesson-slider");
    this.slider.addEventListener("input", () => this.set(Number(this.slider.value)));
    byId("lesson-back").addEventListener("click", () => this.move(-1));
    byId("lesson-next").addEventListener("click", () => this.move(1));
    byId("lesson-play").addEventListener("click", () => this.toggle());
    byId("lesson-close").addEventListener("click", () => this.dialog.close());
    byId("lesson-open").addEventListener("click", () => this.show());
    this.dialog.addEventListener("close", () => this.pause());
    this.dialog.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by || event.target === this.slider || event.target.getAttribute("role") === "tab") return;
      event.preventDefault();
      this.move(by);
    });
    this.tabs(
      "lesson-tabs",
      LESSONS.map((lesson) => lesson.title),
      (i) => (this.lesson = LESSONS[i]),
    );
    this.tabs(
      "lesson-sources",
      this.sources.map(([title]) => title),
      (i) => (this.source = i),
    );
    byId("lesson-sources").hidden = this.sources.length < 2;
  }

  /** Buttons of which one is chosen, moved between with the arrow keys. */
  tabs(id, titles, choose) {
    const list = byId(id);
    const select = (i) => {
      [...list.children].forEach((tab, k) => {
        tab.setAttribute("aria-selected", String(k === i));
        tab.tabIndex = k === i ? 0 : -1;
      });
      choose(i);
      if (this.dialog.open) this.start();
    };
    const make = (title, i) => {
      const keys = (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!by) return;
        event.preventDefault();
        const next = (i + by + titles.length) % titles.length;
        select(next);
        list.children[next].focus();
      };
      return html("button", { role: "tab", on: { click: () => select(i), keydown: keys } }, title);
    };
    list.replaceChildren(...titles.map(make));
    select(0);
  }

  show() {
    this.dialog.showModal();
    this.start();
    this.dialog.scrollTop = 0; // the slider, which has the focus, may stand below
  }

  start() {
    this.pause();
    const [, lesson] = this.sources[this.source];
    this.shown = lesson;
    this.film = playLesson(lesson, this.lesson.id);
    const { words, right, wrong } = this.lesson;
    byId("lesson-words").textContent = words;
    byId("lesson-note").textContent = this.film.differs.length
      ? ""
      : "On this graph the mistake changes no number, which is how it hides. Look at the example to see it strike.";
    byId("lesson-right-code").textContent = right;
    byId("lesson-wrong-code").textContent = wrong;
    // Larger graphs get the whole width, one above the other, and leave the programs out.
    byId("lesson-panes").classList.toggle("wide", lesson.order.length > 9);
    this.panes = ["right", "wrong"].map((side) => new LessonPane(lesson, byId(`lesson-${side}`)));
    this.slider.max = Math.max(this.film.right.length, this.film.wrong.length) - 1;
    this.set(0);
  }

  set(step) {
    const last = Number(this.slider.max);
    this.step = Math.max(0, Math.min(last, step));
    this.slider.value = this.step;
    byId("lesson-count").textContent = `${this.step} / ${last}`;
    byId("lesson-back").disabled = this.step === 0;
    byId("lesson-next").disabled = this.step === last;
    const frames = [this.film.right, this.film.wrong].map((film) => film[Math.min(this.step, film.length - 1)]);
    const atEnd = this.step === last;
    frames.forEach((frame, i) => {
      this.panes[i].paint(frame, i === 1 && atEnd ? new Set(this.film.differs) : new Set());
      const words = byId(["lesson-right-words", "lesson-wrong-words"][i]);
      words.textContent = frame.words;
      words.classList.toggle("bad", frame.bad);
    });
    byId("lesson-result").replaceChildren(...(atEnd ? this.result() : []));
    if (atEnd) this.pause();
  }

  move(by) {
    this.pause();
    this.set(this.step + by);
  }

  toggle() {
    if (this.timer) return this.pause();
    if (this.step === Number(this.slider.max)) this.set(0);
    byId("lesson-play").textContent = "❚❚";
    byId("lesson-play").setAttribute("aria-label", "Pause");
    this.timer = setInterval(() => this.set(this.step + 1), 1500);
  }

  pause() {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    byId("lesson-play").textContent = "▶";
    byId("lesson-play").setAttribute("aria-label", "Play");
  }

  /** In the end: the numbers that came out wrong. */
  result() {
    const { graph, order } = this.shown;
    const ends = [this.film.right, this.film.wrong].map((film) => film[film.length - 1].grads);
    const rows = order
      .slice()
      .reverse()
      .filter((id) => this.film.differs.includes(id))
      .slice(0, 12)
      .map((id) => {
        const cells = ends.map((grads) =>
          html("td", { "data-value": exact(grads.get(id) ?? 0) }, short(grads.get(id) ?? 0, 6)),
        );
        return html(
          "tr",
          { "data-node": id },
          html("th", { scope: "row" }, html("bdi", {}, titleOf(graph.nodes.get(id)))),
          ...cells,
        );
      });
    if (!rows.length) return [html("p", { class: "words" }, "Both ways end with the same gradients here.")];
    return [table(["gradient of", "right", "with the mistake"], rows, "outcome")];
  }
}

/** One of the two pictures. */
class LessonPane {
  constructor(lesson, surface) {
    const { graph } = lesson;
    this.lesson = lesson;
    this.scene = buildScene(graph, new Set());
    // Narrow panes are higher than wide.
    const direction = surface.getBoundingClientRect().width < 420 ? "down" : "right";
    const factor = (line) => `×${short(graph.array(line.edges[0].local).value, 3)}`;
    for (const line of this.scene.lines) line.label = { w: textWidth(factor(line), SMALL) + 6, h: 18 };
    const size = layoutScene(this.scene, () => LESSON_CARD, direction, {
      across: 24,
      along: 30,
      near: 18,
      line: 14,
      screen: [Infinity, Infinity],
    });
    surface.setAttribute("viewBox", `-8 -8 ${size.width + 16} ${size.height + 16}`);
    this.lines = new Map();
    for (const line of this.scene.lines) this.lines.set(line.id, makeLine(graph, line, direction).element);
    const factors = this.scene.lines.map((line) => {
      const { x, y, w, h } = line.tag;
      return svg("text", { class: "factor", x: x + w / 2, y: y + h / 2 + 4 }, factor(line));
    });
    this.cards = new Map([...this.scene.items.values()].map((item) => [item.id, this.card(item)]));
    surface.replaceChildren(
      ...this.lines.values(),
      ...factors,
      ...[...this.cards.values()].map((card) => card.element),
    );
  }

  card(item) {
    const { graph } = this.lesson;
    const node = graph.nodes.get(item.id);
    const { w, h } = item;
    const operation = node.name && node.op ? `= ${GLYPHS[node.op] ?? node.op}` : "";
    const grad = svg("text", { x: w - 9, y: 54, class: "number grad" });
    const element = svg(
      "g",
      { class: `card role-${node.role}`, transform: `translate(${item.x} ${item.y})`, "data-id": item.id },
      svg("rect", { class: "halo", x: -4, y: -4, width: w + 8, height: h + 8, rx: 12 }),
      svg("rect", { class: "face", width: w, height: h, rx: 9 }),
      svg("text", { x: 9, y: 19, class: "title" }, fitted(titleOf(node), 60, FONT)),
      svg("text", { x: w - 9, y: 19, class: "number op" }, operation),
      svg("text", { x: 9, y: 37, class: "label" }, "data"),
      svg("text", { x: w - 9, y: 37, class: "number" }, short(graph.array(node.data).value)),
      svg("text", { x: 9, y: 54, class: "label" }, "grad"),
      grad,
    );
    return { element, grad };
  }

  paint(frame, wrong) {
    for (const [id, { element, grad }] of this.cards) {
      const value = frame.grads.get(id);
      grad.textContent = (wrong.has(id) ? "✗ " : "") + (value === undefined ? "·" : short(value));
      element.setAttribute("data-grad", value === undefined ? "" : exact(value));
      const edge = frame.edge && this.lesson.graph.edges.get(frame.edge);
      element.classList.toggle("is-active", frame.node === id);
      element.classList.toggle("is-receiving", edge?.source === id);
      element.classList.toggle("is-wrong", wrong.has(id) || (frame.bad && edge?.source === id));
    }
    for (const [id, element] of this.lines) element.classList.toggle("is-active", id === frame.edge);
  }
}
