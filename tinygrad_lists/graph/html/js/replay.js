// Backward replay: the steps of the engine's own backward pass, one at a time.

class Replay {
  /** `told` is {step(k or null)}: called whenever the step changes. Step 0 is the start, null the finished picture. */
  constructor(graph, told) {
    this.graph = graph;
    this.told = told;
    this.step = null;
    this.timer = null;
    this.slider = byId("replay-slider");
    this.play = byId("replay-play");
    this.slider.max = graph.steps.length;
    this.slider.addEventListener("input", () => this.set(Number(this.slider.value)));
    this.play.addEventListener("click", () => this.toggle());
    byId("replay-open").addEventListener("click", () => this.show(this.step === null));
    byId("replay-close").addEventListener("click", () => this.show(false));
    byId("replay-first").addEventListener("click", () => this.set(0));
    byId("replay-back").addEventListener("click", () => this.move(-1));
    byId("replay-next").addEventListener("click", () => this.move(1));
    byId("replay-last").addEventListener("click", () => this.set(graph.steps.length));
    byId("replay-open").disabled = !graph.steps.length;
  }

  show(on) {
    if (on && !this.graph.steps.length) return;
    document.body.classList.toggle("has-replay", on);
    byId("replay-open").setAttribute("aria-pressed", String(on));
    if (on) {
      this.set(0);
      this.slider.focus();
    } else {
      this.pause();
      this.step = null;
      this.told.step(null);
    }
  }

  set(step) {
    this.step = Math.max(0, Math.min(this.graph.steps.length, step));
    this.slider.value = this.step;
    const node = this.step ? this.graph.nodes.get(this.graph.steps[this.step - 1].node) : null;
    this.slider.setAttribute("aria-valuetext", node ? `step ${this.step}: ${fullTitle(node)}` : "start");
    byId("replay-count").textContent = `${this.step} / ${this.graph.steps.length}`;
    byId("replay-words").replaceChildren(...this.words(node));
    for (const id of ["replay-first", "replay-back"]) byId(id).disabled = this.step === 0;
    for (const id of ["replay-next", "replay-last"]) byId(id).disabled = this.step === this.graph.steps.length;
    if (this.step === this.graph.steps.length) this.pause();
    this.told.step(this.step);
  }

  move(by) {
    this.pause();
    this.set((this.step ?? 0) + by);
  }

  toggle() {
    if (this.timer) return this.pause();
    if (this.step === null) this.show(true);
    if (this.step === this.graph.steps.length) this.set(0);
    this.play.textContent = "❚❚";
    this.play.setAttribute("aria-label", "Pause");
    const pace = Math.max(60, Math.min(1300, 60000 / this.graph.steps.length));
    this.timer = setInterval(() => this.set(this.step + 1), pace);
  }

  pause() {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "▶";
    this.play.setAttribute("aria-label", "Play");
  }

  /** What happens in this step, in words and numbers. */
  words(node) {
    const { graph } = this;
    const name = (n) => html("b", {}, html("bdi", {}, titleOf(n)), html("span", { class: "id" }, n.id));
    if (!node) {
      const parts = Object.entries(graph.data.seeds).slice(0, 3);
      const seeds = parts.flatMap(([id, row], i) => [
        i ? ", " : "",
        name(graph.nodes.get(id)),
        " gets ",
        numeral(graph.array(row)),
      ]);
      return [
        "Start: ",
        ...seeds,
        ". The derivative of the output with respect to itself; nothing else has a gradient yet.",
      ];
    }
    const step = graph.steps[this.step - 1];
    const gradient = graph.array(node.grad);
    const words = [name(node), " has its whole gradient: ", numeral(gradient), ". "];
    if (!step.edges.length) words.push("It sends nothing: none of its inputs wants a gradient from it.");
    step.edges.slice(0, 4).forEach((id, i) => {
      const edge = graph.edges.get(id);
      const [local, sent, total] = [edge.local, edge.contribution, edge.total].map(graph.array);
      words.push(i ? "; " : "It sends ");
      const scalars = [gradient, local, sent].every((row) => row && !row.shape.length);
      if (scalars) words.push(html("span", { class: "sum" }, `${short(gradient.value)} · ${short(local.value)} = `));
      words.push(numeral(sent), " to ", name(graph.nodes.get(edge.source)));
      if (total) words.push(", which now has ", numeral(total));
    });
    if (step.edges.length > 4) words.push(` and ${step.edges.length - 4} more`);
    if (step.edges.length) words.push(".");
    if (this.step === graph.steps.length) words.push(" That was the last step: every gradient is complete.");
    return words;
  }
}

/** An array in a sentence: a number, or norm and shape. */
function numeral(row) {
  if (!row) return html("strong", {}, "none");
  const words = row.shape.length ? `${brief(row)} (${shapeText(row.shape)})` : short(row.value, 6);
  return html("strong", { "data-value": row.shape.length ? null : exact(row.value) }, words);
}
