// Parts that panels are made of.

function section(title, ...children) {
  const filled = children.filter(Boolean);
  return filled.length ? html("section", {}, html("h3", {}, title), ...filled) : null;
}

function table(heads, rows, kind) {
  const head = html(
    "thead",
    {},
    html(
      "tr",
      {},
      heads.map((text) => html("th", { scope: "col" }, text)),
    ),
  );
  return html("div", { class: "scroll" }, html("table", { class: kind }, head, html("tbody", {}, rows)));
}

/** Verdict of a comparison, with its worst element. */
function verdictNote(mark) {
  const { look, sign, words } = verdictLook(mark);
  const title = html("strong", {}, `${sign} ${mark.verdict}`);
  return html(
    "div",
    { class: `note look-${look}`, role: "note" },
    title,
    words && `: ${words}`,
    mark.text && html("p", {}, mark.text),
  );
}

/** One edge: its local derivative, and what the chain rule made of it. `link` makes a link to a node. */
function edgeView(graph, edge, link) {
  const target = graph.nodes.get(edge.target);
  const [local, sent, total] = [edge.local, edge.contribution, edge.total].map(graph.array);
  const derivative = graph.data.ops[target.op]?.derivatives[edge.position];
  const [gradient] = [graph.array(target.grad)];
  const product =
    local && sent && gradient && [local, sent, gradient].every((row) => !row.shape.length)
      ? html("p", { class: "formula" }, `${exact(gradient.value)} · ${exact(local.value)} = ${exact(sent.value)}`)
      : null;
  return section(
    `Input ${edge.position} of ${titleOf(target)}`,
    html("p", {}, link("node", edge.source), " → ", link("node", edge.target)),
    local &&
      html("h4", {}, "Local derivative", derivative ? html("span", { class: "rule" }, ` ${derivative}`) : null),
    local && arrayView(local, "local"),
    sent &&
      html(
        "h4",
        {},
        `Contribution${edge.order === undefined ? "" : `, number ${edge.order + 1} of the backward pass`}`,
      ),
    sent && arrayView(sent, "contribution"),
    product && html("p", { class: "sub" }, "gradient · local derivative = contribution"),
    product,
    total && html("h4", {}, "Sum after it"),
    total && arrayView(total, "total"),
    html("p", { class: "words" }, edge.flow === "flows" ? "" : FLOWS[edge.flow][1]),
  );
}
