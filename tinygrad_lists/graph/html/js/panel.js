// The side panel: all that is known about what was chosen.

class Panel {
  /** `told` is {goTo(kind, id), close(), toggle(id)}. */
  constructor(graph, element, told) {
    this.graph = graph;
    this.element = element;
    this.told = told;
    this.step = null;
  }

  show(chosen, line) {
    this.chosen = chosen;
    document.body.classList.toggle("has-panel", Boolean(chosen));
    if (!chosen) return this.element.replaceChildren();
    const parts = { node: () => this.node(), group: () => this.group(), line: () => this.line(line) }[chosen.kind]();
    const close = html(
      "button",
      { class: "close", "aria-label": "Close details", on: { click: () => this.told.close() } },
      "×",
    );
    this.element.replaceChildren(close, ...parts.filter(Boolean));
    this.element.scrollTop = 0;
  }

  /** A button that leads to a node or group. */
  link(kind, id) {
    const words = kind === "node" ? titleOf(this.graph.nodes.get(id)) : oneLine(this.graph.groups.get(id).label);
    return html(
      "button",
      { class: "link", "data-go": id, on: { click: () => this.told.goTo(kind, id) } },
      html("bdi", {}, words),
      html("span", { class: "id" }, id),
    );
  }

  heading(glyph, role, title, subtitle) {
    return html(
      "div",
      { class: `heading role-${role}` },
      html("span", { class: "badge", "aria-hidden": "true" }, glyph),
      html("div", {}, html("h2", {}, html("bdi", {}, oneLine(title))), html("p", { class: "sub" }, subtitle)),
    );
  }

  node() {
    const { graph } = this;
    const node = graph.nodes.get(this.chosen.id);
    const around = graph.ancestors.get(node.id);
    const kind = node.role === "operation" ? node.op : [node.role, node.op].filter(Boolean).join(", ");
    const shape = node.data === null ? "no result" : shapeText(node.shape);
    const count =
      node.count > 1
        ? `, stands for ${node.count} alike`
        : node.inside
          ? `, ${plural(node.inside, "node")} folded`
          : "";
    return [
      this.heading(
        glyphOf(node),
        node.role,
        node.name || node.op || node.role,
        `${kind}, ${shape}, ${node.id}${count}`,
      ),
      around.length &&
        html("p", { class: "crumbs" }, ...around.flatMap((id) => [this.link("group", id), " › "]).slice(0, -1)),
      node.mark && verdictNote(node.mark),
      node.role === "failed" && html("div", { class: "note look-bad", role: "note" }, graph.data.notes.join("; ")),
      this.now(node),
      this.array("Value", graph.array(node.data)),
      this.gradient(node),
      this.formula(node),
      this.sourceLine(node),
      this.uses(node),
      whyPart(graph, node, this),
      this.origin(node),
    ];
  }

  /** During a replay: the gradient so far. */
  now(node) {
    if (this.step === null) return null;
    const now = gradientAt(this.graph, node, this.step);
    const words = {
      waiting: "Nothing has arrived yet.",
      partial: `${now.arrived} of ${now.expected} contributions have arrived; its own step has to wait for the rest.`,
      complete: "All contributions have arrived: the gradient is complete.",
      active: "Its rule runs in this step.",
      handled: "Its step is done.",
      none: "The backward pass does not come here.",
    }[now.state];
    return section(
      `Gradient after step ${this.step}`,
      now.row && arrayView(now.row, "so-far"),
      html("p", { class: "words" }, words),
    );
  }

  array(title, row) {
    return row && section(title, arrayView(row, title.toLowerCase()));
  }

  gradient(node) {
    const row = this.graph.array(node.grad);
    const held = this.graph.array(node.held);
    const sum = row === held ? null : held;
    return section(
      this.step === null ? "Gradient" : "Gradient in the end",
      row ? arrayView(row, "gradient") : null,
      html(
        "p",
        { class: "words" },
        row && !allFinite(row)
          ? "It is not finite: follow the question below to where that began."
          : FLOWS[node.flow][1],
      ),
      node.hooked && html("p", { class: "words" }, "A hook saw this gradient, and may have replaced it."),
      sum && html("p", { class: "words" }, "Its .grad held this when it was drawn, from backward passes before:"),
      sum && arrayView(sum, "held"),
    );
  }

  /** The operation: formula, its inputs with their derivatives, and the reverse rule from the source. */
  formula(node) {
    const op = this.graph.data.ops[node.op];
    if (!node.op || !op) return null;
    const inputs = this.graph.inputs.get(node.id);
    const letters = ["x", "y", "z"];
    const rows = inputs.map((edge, i) => {
      const local = this.graph.array(edge.local);
      const sent = this.graph.array(edge.contribution);
      return html(
        "tr",
        {},
        html("th", { scope: "row" }, letters[i] ?? String(i)),
        html("td", {}, this.link("node", edge.source)),
        html(
          "td",
          {},
          op.derivatives[i] ? html("span", { class: "rule" }, op.derivatives[i]) : null,
          local ? ` = ${brief(local)}` : null,
        ),
        html("td", { class: "sent" }, sent ? brief(sent) : FLOWS[edge.flow][0]),
      );
    });
    const parameters = Object.entries(node.params ?? {}).map(([name, value]) => `${name} = ${value}`);
    return section(
      "Operation",
      html("p", { class: "formula" }, op.formula.startsWith("out") ? "" : "out = ", op.formula),
      parameters.length ? html("p", { class: "sub" }, parameters.join(", ")) : null,
      rows.length ? table(["", "input", "∂out/∂input", "sends back"], rows, "inputs") : null,
      op.rule &&
        html(
          "details",
          { open: true },
          html("summary", {}, "Reverse rule"),
          html("pre", {}, html("code", {}, op.rule)),
        ),
    );
  }

  sourceLine(node) {
    const { source } = node;
    return (
      source &&
      section(
        "Source",
        html(
          "p",
          { class: "sub" },
          html("bdi", {}, `${oneLine(source.file)}:${source.line}`),
          " in ",
          html("bdi", {}, oneLine(source.function)),
        ),
        html("pre", {}, html("code", {}, source.text)),
      )
    );
  }

  /** What it receives, in the order in which the engine adds. */
  uses(node) {
    const all = this.graph.arrivals.get(node.id);
    if (!all.length) return null;
    const rows = all.map(({ step, row, edge }) => {
      const from = edge ? this.link("node", edge.target) : "seed of the output";
      const sent = this.graph.array(edge ? edge.contribution : row);
      const number = (array) =>
        html("td", { class: "sent", title: array.shape.length ? null : exact(array.value) }, brief(array));
      return html(
        "tr",
        {},
        html("td", {}, step ? `${step}` : "start"),
        html("td", {}, from),
        number(sent),
        number(this.graph.array(row)),
      );
    });
    const note = all.length > 1 ? "Added in this order, they give the gradient to the bit." : null;
    return section(
      "Received in the backward pass",
      table(["step", "from", "sends", "sum"], rows, "received"),
      note && html("p", { class: "words" }, note),
    );
  }

  origin(node) {
    return (
      node.of &&
      section(
        "Backward pass",
        html(
          "p",
          {},
          `Made by ${node.phase > 1 ? "the second" : "the"} backward pass, for the gradient of `,
          this.link("node", node.of),
        ),
      )
    );
  }

  group() {
    const { graph } = this;
    const group = graph.groups.get(this.chosen.id);
    const inside = graph.members.get(group.id);
    const result = graph.results.get(group.id);
    const parameters = inside.map((id) => graph.nodes.get(id)).filter((node) => node.role === "parameter");
    const mark = graph.marks.get(group.id);
    const rows = parameters.map((node) => {
      const cells = [
        this.link("node", node.id),
        shapeText(node.shape),
        graph.array(node.grad) ? brief(graph.array(node.grad)) : FLOWS[node.flow][0],
      ];
      return html("tr", {}, ...cells.map((cell) => html("td", {}, cell)));
    });
    const button = html(
      "button",
      { class: "wide", on: { click: () => this.told.toggle(group.id) } },
      "Open or close this group",
    );
    return [
      this.heading(
        "▦",
        "group",
        group.label,
        `${plural(inside.length, "node")}${group.count > 1 ? `, ${group.count} blocks alike` : ""}`,
      ),
      html("p", { class: "crumbs" }, html("bdi", {}, group.path.map(oneLine).join(" › "))),
      mark && verdictNote(mark),
      button,
      rows.length ? section("Parameters", table(["name", "shape", "gradient"], rows, "parameters")) : null,
      section("Result", html("p", {}, this.link("node", result.id)), arrayView(graph.array(result.data), "value")),
      section(
        "Gradient of the result",
        graph.array(result.grad) && arrayView(graph.array(result.grad), "gradient"),
        html("p", { class: "words" }, FLOWS[result.flow][1]),
      ),
    ];
  }

  line(line) {
    const { graph } = this;
    const edges = line.edges.slice(0, 12);
    const first = line.edges[0];
    const title = `${titleOf(graph.nodes.get(first.source))} → ${titleOf(graph.nodes.get(first.target))}`;
    const rest = line.edges.length - edges.length;
    return [
      this.heading(
        "→",
        "line",
        line.edges.length > 1 ? plural(line.edges.length, "edge") : title,
        "data along the arrow, the gradient against it",
      ),
      ...edges.map((edge) => edgeView(graph, edge, (kind, id) => this.link(kind, id))),
      rest > 0 && html("p", { class: "words" }, `and ${rest} more`),
    ];
  }
}
