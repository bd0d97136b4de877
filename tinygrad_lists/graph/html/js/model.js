// The Graph as docs/graph-json.md describes it, with the indices that the page needs. Nothing here touches the page.

/** What an operation is called on its card. */
const GLYPHS = {
  add: "+",
  sub: "−",
  mul: "×",
  div: "÷",
  pow: "xʸ",
  neg: "−x",
  abs: "|x|",
  exp: "eˣ",
  log: "ln",
  sqrt: "√",
  sum: "Σ",
  matmul: "@",
  relu: "x⁺",
  tanh: "th",
  sigmoid: "σ",
  max: "max",
  min: "min",
  maximum: "max",
  minimum: "min",
  conv2d: "∗",
  reshape: "▭",
  permute_dims: "⇄",
  broadcast_to: "⇉",
  where: "?:",
  gather: "[i]",
  less: "<",
  greater: ">",
  equal: "=",
};

/** Why a gradient is what it is, in a word for the card and a sentence for the panel. */
const FLOWS = {
  flows: ["", "A gradient flows here."],
  zero: [
    "exactly 0",
    "Worked out, and it is exactly 0: a factor is 0, contributions cancel, or the other side of a choice was taken.",
  ],
  dead: ["0: dead ReLU", "0 because every way to the output goes through a ReLU that is closed here."],
  unreached: [
    "not reached",
    "Wants a gradient, but the backward pass brought none: the output does not depend on it.",
  ],
  detached: ["detached", "Cut off by detach(): gradients stop here on purpose."],
  constant: ["constant", "A constant: it wants no gradient."],
  index: ["no gradient", "A position or a truth value: it has no gradient by nature."],
  "not computed": ["not computed", "No backward pass was run for this picture, so there is no gradient to show."],
};

function readGraph(data) {
  const graph = {
    data,
    nodes: new Map(data.nodes.map((node) => [node.id, node])),
    edges: new Map(data.edges.map((edge) => [edge.id, edge])),
    groups: new Map(data.groups.map((group) => [group.id, group])),
    inputs: new Map(data.nodes.map((node) => [node.id, []])),
    uses: new Map(data.nodes.map((node) => [node.id, []])),
    children: new Map([["", []], ...data.groups.map((group) => [group.id, []])]),
    members: new Map(data.groups.map((group) => [group.id, []])),
    ancestors: new Map(),
    steps: data.steps,
    outputs: new Set(data.outputs),
    sentIn: new Map(data.steps.flatMap((step, i) => step.edges.map((edge) => [edge, i + 1]))),
    stepOf: new Map(data.steps.map((step, i) => [step.node, i + 1])),
  };
  for (const edge of data.edges) {
    graph.inputs.get(edge.target).push(edge);
    graph.uses.get(edge.source).push(edge);
  }
  for (const group of data.groups) {
    // parents come before children
    const around = group.parent === null ? [] : [...graph.ancestors.get(group.parent), group.parent];
    graph.ancestors.set(group.id, around);
    graph.children.get(group.parent ?? "").push(group.id);
  }
  for (const node of data.nodes) {
    const around = node.group === null ? [] : [...graph.ancestors.get(node.group), node.group];
    graph.ancestors.set(node.id, around);
    graph.children.get(node.group ?? "").push(node.id);
    for (const group of around) graph.members.get(group).push(node.id);
  }
  graph.array = (i) => (i === null || i === undefined ? null : data.arrays[i]);
  graph.results = new Map(data.groups.map((group) => [group.id, resultOf(graph, group.id)]));
  graph.arrivals = arrivals(graph);
  graph.range = gradientRange(graph);
  graph.marks = groupMarks(graph);
  return graph;
}

/** The node that stands for a group: the last one that is used outside or drawn. */
function resultOf(graph, group) {
  const inside = new Set(graph.members.get(group));
  const ids = [...inside].reverse();
  const leaves = (id) => graph.outputs.has(id) || graph.uses.get(id).some((edge) => !inside.has(edge.target));
  const found = ids.find((id) => graph.inputs.get(id).length && leaves(id)) ?? ids.find(leaves) ?? ids[0];
  return graph.nodes.get(found);
}

/** For each node what it receives during the backward pass: {step, row, edge}, step 0 being the start. */
function arrivals(graph) {
  const found = new Map(graph.data.nodes.map((node) => [node.id, []]));
  for (const [id, seed] of Object.entries(graph.data.seeds)) found.get(id).push({ step: 0, row: seed, edge: null });
  graph.steps.forEach((step, i) => {
    for (const id of step.edges) {
      const edge = graph.edges.get(id);
      found.get(edge.source).push({ step: i + 1, row: edge.total ?? edge.contribution, edge });
    }
  });
  return found;
}

/** Exponents of ten between which the magnitudes of the gradients lie; null if there are none but zeros. */
function gradientRange(graph) {
  let low = Infinity;
  let high = -Infinity;
  for (const node of graph.data.nodes) {
    const size = Math.log10(magnitude(graph.array(node.grad)));
    if (Number.isFinite(size)) {
      low = Math.min(low, size);
      high = Math.max(high, size);
    }
  }
  if (low > high) return null;
  return high - low < 1 ? [Math.floor(low), Math.floor(low) + 1] : [Math.floor(low), Math.ceil(high)];
}

/** What to call a node: its name, else its operation, else its role. */
function titleOf(node) {
  return oneLine(node.name || node.op || node.role);
}

/** Title and id, to tell equals apart. */
function fullTitle(node) {
  return `${titleOf(node)} (${node.id})`;
}

function glyphOf(node) {
  if (node.role === "failed") return "!";
  if (node.op) return GLYPHS[node.op] ?? "ƒ";
  return { input: "in", parameter: "θ", constant: "c", output: "◎", group: "▦" }[node.role] ?? "·";
}

/**
 * State of a node's gradient after so many steps of the backward pass; of the finished pass if `step` is null.
 * `row` is the array so far; `arrived` of `expected` contributions have come.
 */
function gradientAt(graph, node, step) {
  if (step === null) return { row: graph.array(node.grad), state: "final", arrived: 0, expected: 0 };
  const all = graph.arrivals.get(node.id);
  const come = all.filter((arrival) => arrival.step <= step);
  const counts = { arrived: come.length, expected: all.length };
  if (!all.length) return { row: graph.array(node.grad), state: "none", ...counts };
  if (!come.length) return { row: null, state: "waiting", ...counts };
  // A hook may have replaced the sum, and the engine's last word on a complete gradient is the node's own.
  const complete = come.length === all.length;
  const row = graph.array(complete ? node.grad : come[come.length - 1].row);
  const own = graph.stepOf.get(node.id) ?? Infinity;
  const state = own === step ? "active" : own < step ? "handled" : complete ? "complete" : "partial";
  return { row, state, ...counts };
}

/** Marks from harmless to bad: those of comparisons of gradients, then those of differences between graphs. */
const SEVERITY = ["EXACT", "ROUNDING", "KINK", "UNTESTED", "WRONG", "same", "numbers", "added", "changed", "removed"];

/** For each group the worst mark of its own and of all that is inside. */
function groupMarks(graph) {
  const worst = new Map();
  const add = (groups, mark) => {
    if (!mark) return;
    for (const group of groups) {
      const before = worst.get(group);
      if (!before || SEVERITY.indexOf(mark.verdict) > SEVERITY.indexOf(before.verdict)) worst.set(group, mark);
    }
  };
  for (const [id, group] of graph.groups) add([id, ...graph.ancestors.get(id)], group.mark);
  for (const node of graph.data.nodes) add(graph.ancestors.get(node.id), node.mark);
  return worst;
}
