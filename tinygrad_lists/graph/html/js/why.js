// "Why is this gradient this number?": the sum over all ways to the output of the products of local derivatives.

const MOST_PATHS = 12;
const MOST_TRIED = 2000;
const MOST_WORK = 200000;

/** Whether each use of the node leads on by known scalar derivatives, so that ways can be listed with their products. */
function hasPaths(graph, node) {
  const seen = new Set([node.id]);
  const stack = [node.id];
  while (stack.length) {
    const id = stack.pop();
    if (graph.nodes.get(id).shape.length) return false;
    for (const edge of graph.uses.get(id)) {
      if (edge.contribution === undefined) continue;
      const local = graph.array(edge.local);
      if (!local || local.shape.length || Number.isNaN(toNumber(local.value)) !== (local.value === "nan"))
        return false;
      if (!seen.has(edge.target)) {
        seen.add(edge.target);
        stack.push(edge.target);
      }
    }
  }
  return true;
}

/** How many ways there are from each node to a seed, counted from the outputs on. */
function countPaths(graph) {
  const counts = new Map();
  for (const node of graph.data.nodes.slice().reverse()) {
    let count = node.id in graph.data.seeds ? 1 : 0;
    for (const edge of graph.uses.get(node.id)) if (edge.contribution !== undefined) count += counts.get(edge.target);
    counts.set(node.id, count);
  }
  return counts;
}

/**
 * The ways from a node to the output: {edges, product}, the largest first. Of very many only some thousand are looked
 * at. `total` counts all of them.
 */
function pathsFrom(graph, node) {
  const total = countPaths(graph).get(node.id);
  const found = [];
  const stack = [{ id: node.id, edge: null, before: null, product: 1 }];
  for (let work = 0; stack.length && found.length < MOST_TRIED && work < MOST_WORK; work++) {
    const here = stack.pop();
    if (here.id in graph.data.seeds) {
      const edges = [];
      for (let at = here; at.edge; at = at.before) edges.push(at.edge);
      const seed = toNumber(graph.array(graph.data.seeds[here.id]).value);
      found.push({ edges: edges.reverse(), seed, product: here.product * seed });
    }
    for (const edge of graph.uses.get(here.id).slice().reverse()) {
      if (edge.contribution === undefined) continue;
      const product = here.product * toNumber(graph.array(edge.local).value);
      stack.push({ id: edge.target, edge, before: here, product });
    }
  }
  const order = found.map((path, i) => [path, i]);
  const size = ([path]) => (Number.isNaN(path.product) ? Infinity : Math.abs(path.product));
  order.sort((a, b) => size(b) - size(a) || a[1] - b[1]);
  return { total, tried: found.length, paths: order.map(([path]) => path) };
}

/** The part of the panel that answers the question; null where there is no gradient to ask about. */
function whyPart(graph, node, panel) {
  const gradient = graph.array(node.grad);
  if (!gradient || !graph.arrivals.get(node.id).length) return null;
  const body = html("div", { class: "why" });
  const button = html("button", { class: "wide", "aria-expanded": "false" }, "Why is this gradient this number?");
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", String(open));
    const answer = () => (hasPaths(graph, node) ? pathAnswer(graph, node, panel) : useAnswer(graph, node, panel));
    body.replaceChildren(...(open ? answer() : []));
  });
  return html("section", {}, button, body);
}

function pathAnswer(graph, node, panel) {
  const { total, tried, paths } = pathsFrom(graph, node);
  const shown = paths.slice(0, MOST_PATHS);
  const items = shown.map((path) => {
    const ids = [node.id, ...path.edges.map((edge) => edge.target)].map((id) => panel.link("node", id));
    const steps = shortened(
      ids.flatMap((link, i) => (i ? [" → ", link] : [link])),
      15,
    );
    const factors = path.edges.map((edge) => short(graph.array(edge.local).value)).reverse();
    const seed = path.seed === 1 && factors.length ? [] : [short(path.seed)];
    const product = shortened([...seed, ...factors], 12).join(" · ");
    return html(
      "li",
      {},
      html("div", { class: "way" }, steps),
      html(
        "div",
        { class: "product", "data-product": exact(path.product) },
        `${product} = `,
        html("strong", {}, short(path.product, 6)),
      ),
    );
  });
  const rest = total - shown.length;
  const gradient = graph.array(node.grad).value;
  const sumOf = (list) => list.reduce((sum, path) => sum + path.product, 0);
  const count = total === 1 ? "one way" : `${manyText(total)} ways`;
  const intro = `The output depends on it in ${count}. Along each the local derivatives multiply; the ways add up.`;
  let more = null;
  if (rest > 0) {
    const others = tried === total ? sumOf(paths.slice(MOST_PATHS)) : toNumber(gradient) - sumOf(shown);
    more = html("p", { class: "words more" }, `and ${manyText(rest)} more, which together give ${short(others, 6)}`);
  }
  const rounded = rest <= 0 && sumOf(shown) !== toNumber(gradient) ? ", up to the rounding of this other order" : "";
  const words = total > 1 ? `sum of all ways${rounded} = ` : "gradient = ";
  const sum = html("p", { class: "formula sum" }, words, html("strong", {}, exact(gradient)));
  return [html("p", { class: "words" }, intro), html("ol", { class: "ways" }, items), more, sum].filter(Boolean);
}

/** Beginning and end of a long list. */
function shortened(list, most) {
  return list.length <= most ? list : [...list.slice(0, most - 4), " … ", ...list.slice(-3)];
}

/** A count, which may be astronomical. */
function manyText(count) {
  return count < 1e15 ? count.toLocaleString("en") : `about ${short(count, 3)}`;
}

/** For tensors: what each use sends, with a way to go on from there. */
function useAnswer(graph, node, panel) {
  const all = graph.arrivals.get(node.id);
  const items = all.slice(0, MOST_PATHS).map(({ row, edge }) => {
    if (!edge) return html("li", {}, "the backward pass starts here, with ", brief(graph.array(row)));
    const target = graph.nodes.get(edge.target);
    const derivative = graph.data.ops[target.op]?.derivatives[edge.position];
    return html(
      "li",
      {},
      html(
        "div",
        { class: "way" },
        "used by ",
        panel.link("node", target.id),
        `, which sends ${brief(graph.array(edge.contribution))}`,
      ),
      derivative && html("div", { class: "sub" }, "derivative: ", html("span", { class: "rule" }, derivative)),
      edge.local !== undefined &&
        html(
          "div",
          { class: "sub" },
          `local derivative ${brief(graph.array(edge.local))}, times its gradient ${brief(graph.array(target.grad))}`,
        ),
    );
  });
  const rest = all.length - items.length;
  const words =
    all.length > 1
      ? `It is the sum of ${all.length} contributions, one for each use. Follow a use to see where its own gradient comes from.`
      : "It has one use; follow it to see where its own gradient comes from.";
  const more = rest > 0 && html("p", { class: "words more" }, `and ${rest.toLocaleString("en")} more`);
  return [html("p", { class: "words" }, words), html("ol", { class: "ways" }, items), more].filter(Boolean);
}
