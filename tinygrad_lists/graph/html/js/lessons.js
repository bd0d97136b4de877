// Lesson mode, the part without a page: the classic mistakes, replayed on scalar graphs beside the right order.
//
// A lesson graph is {graph, output, seed, order}: a Graph of scalars whose edges all have a local derivative. A film is a
// list of frames {grads, node, edge, words, bad}, one for each contribution: gradients after it, the node whose rule
// runs, the edge, what happened, and whether this is where it goes wrong.

const MOST_LESSON_NODES = 40;

const LESSONS = [
  {
    id: "order",
    title: "No topological order",
    words:
      "As soon as a node has received something, its own rule runs and the recursion goes on from there. But a node that " +
      "is used twice has then heard from only one of its uses, so it passes on a part of its gradient, and what arrives " +
      "later is never passed on. The remedy is to sort the graph first: in reverse topological order every node comes " +
      "after all of its uses, and its gradient is complete before its rule runs.",
    right:
      "for v in reversed(topological_order):\n    for x, d in v.inputs_with_derivatives():\n        x.grad += v.grad * d",
    wrong:
      "def backward(v):\n    for x, d in v.inputs_with_derivatives():\n        x.grad += v.grad * d\n" +
      "        if x not in seen:\n            seen.add(x)\n            backward(x)  # x may not be complete",
  },
  {
    id: "assign",
    title: "= instead of +=",
    words:
      "Each use of a node writes its contribution over that of the use before. The output depends on the node " +
      "along several ways, and the chain rule adds them all up; with = only the last one is left. On a graph without reuse " +
      "nothing shows, which is why this mistake survives small tests: a + a is the smallest program that finds it.",
    right: "x.grad += v.grad * d",
    wrong: "x.grad = v.grad * d  # forgets the other uses",
  },
  {
    id: "stale",
    title: "Gradients not reset",
    words:
      "A second backward pass starts without setting the gradients of the leaves back to zero. Backward adds, " +
      "so each pass leaves the sum of all passes so far: twice the gradient after two, a hundred times after a hundred, as " +
      "if the learning rate grew by itself. The remedy is one line before each pass, zero_grad().",
    right: "for batch in batches:\n    optimizer.zero_grad()\n    loss(batch).backward()",
    wrong: "for batch in batches:\n    loss(batch).backward()  # adds to what is left from before",
  },
];

/** The part of a graph through which scalar gradients flow, or null if a lesson cannot use it. */
function lessonGraph(graph) {
  const seeds = Object.entries(graph.data.seeds);
  const edges = graph.data.edges.filter((edge) => edge.contribution !== undefined);
  if (seeds.length !== 1 || !edges.length) return null;
  const ids = new Set([seeds[0][0], ...edges.flatMap((edge) => [edge.source, edge.target])]);
  const nodes = graph.data.nodes.filter((node) => ids.has(node.id));
  const scalar = nodes.every((node) => !node.shape.length);
  const known = edges.every(
    (edge) => edge.local !== undefined && Number.isFinite(toNumber(graph.array(edge.local).value)),
  );
  if (!scalar || !known || nodes.length > MOST_LESSON_NODES) return null;
  return prepared({
    ...graph.data,
    nodes: nodes.map((node) => ({ ...node, group: null })),
    edges,
    groups: [],
  });
}

function prepared(data) {
  const graph = readGraph(data);
  const [[output, seed]] = Object.entries(data.seeds);
  const order = data.nodes.map((node) => node.id).reverse();
  return { graph, output, seed: toNumber(graph.array(seed).value), order };
}

/** The built-in example: c = a · b, d = c + a, e = c · d; a and c are used twice. */
function exampleLesson() {
  const arrays = [];
  const scalar = (value) => arrays.push({ shape: [], value }) - 1;
  const nodes = [];
  const edges = [];
  const add = (id, name, op, value) => {
    const role = op ? (id === "n4" ? "output" : "operation") : "parameter";
    nodes.push({
      id,
      name,
      op,
      role,
      shape: [],
      group: null,
      scope: [],
      flow: "flows",
      data: scalar(value),
      grad: null,
    });
  };
  const join = (source, target, position, local) => {
    edges.push({
      id: `e${edges.length}`,
      source,
      target,
      position,
      flow: "flows",
      local: scalar(local),
      contribution: scalar(0),
    });
  };
  add("n0", "a", "", 2);
  add("n1", "b", "", 3);
  add("n2", "c", "mul", 6);
  join("n0", "n2", 0, 3);
  join("n1", "n2", 1, 2);
  add("n3", "d", "add", 8);
  join("n2", "n3", 0, 1);
  join("n0", "n3", 1, 1);
  add("n4", "e", "mul", 48);
  join("n2", "n4", 0, 8);
  join("n3", "n4", 1, 6);
  return prepared({
    nodes,
    edges,
    groups: [],
    arrays,
    ops: {},
    steps: [],
    outputs: ["n4"],
    seeds: { n4: scalar(1) },
  });
}

/** Film of the right way and of the mistake, and the ids whose gradients end up different. */
function playLesson(lesson, id) {
  const right = id === "stale" ? twice(lesson, true) : rightPass(lesson);
  const wrong = { order: recursion, assign: overwriting, stale: (l) => twice(l, false) }[id](lesson);
  const good = right[right.length - 1].grads;
  const ended = wrong[wrong.length - 1].grads;
  const differs = lesson.order.filter((node) => !closeTo(good.get(node) ?? 0, ended.get(node) ?? 0));
  return { right, wrong, differs };
}

function closeTo(a, b) {
  return Object.is(a, b) || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

/** The camera: it holds the gradients of one film and takes its frames. */
class Film {
  constructor(lesson) {
    this.lesson = lesson;
    this.frames = [];
    this.grads = new Map();
  }

  name(id) {
    return titleOf(this.lesson.graph.nodes.get(id));
  }

  frame(words, node = null, edge = null, bad = false) {
    this.frames.push({ grads: new Map(this.grads), node, edge, words, bad });
  }

  start() {
    this.grads.set(this.lesson.output, this.lesson.seed);
    this.frame(`${this.name(this.lesson.output)} starts with ${short(this.lesson.seed)}.`);
  }

  /** What `edge` sends, and the same in words. */
  sent(edge) {
    const g = this.grads.get(edge.target);
    const d = toNumber(this.lesson.graph.array(edge.local).value);
    return [
      g * d,
      `${this.name(edge.target)} sends ${short(g)} · ${short(d)} = ${short(g * d)} to ${this.name(edge.source)}`,
    ];
  }

  add(edge, note = () => ["", false]) {
    const [value, words] = this.sent(edge);
    const before = this.grads.get(edge.source);
    this.grads.set(edge.source, (before ?? 0) + value);
    const sum = before === undefined ? "." : `: ${short(before)} + ${short(value)} = ${short(before + value)}.`;
    const [more, bad] = note(edge, before);
    this.frame(words + sum + more, edge.target, edge.id, bad);
  }
}

function rightPass(lesson, film = new Film(lesson)) {
  film.start();
  for (const id of lesson.order) for (const edge of lesson.graph.inputs.get(id)) film.add(edge);
  return film.frames;
}

/** Depth first from the output, each node handled when its first contribution arrives. Its own stack, no recursion. */
function recursion(lesson) {
  const film = new Film(lesson);
  const { inputs, uses } = lesson.graph;
  film.start();
  const seen = new Set([lesson.output]);
  const missing = new Map([...uses].map(([id, edges]) => [id, edges.length]));
  const early = new Map();
  const stack = [{ id: lesson.output, next: 0 }];
  while (stack.length) {
    const here = stack[stack.length - 1];
    const edge = inputs.get(here.id)[here.next++];
    if (!edge) {
      stack.pop();
      continue;
    }
    missing.set(edge.source, missing.get(edge.source) - 1);
    const first = !seen.has(edge.source);
    const goesOn = inputs.get(edge.source).length > 0;
    film.add(edge, () => {
      const name = film.name(edge.source);
      if (first && goesOn && missing.get(edge.source)) {
        early.set(edge.source, film.grads.get(edge.source));
        return [
          ` ${name} runs at once, though ${plural(missing.get(edge.source), "contribution")} will still come.`,
          true,
        ];
      }
      if (early.has(edge.source))
        return [` Too late: ${name} has already passed on ${short(early.get(edge.source))}.`, true];
      return ["", false];
    });
    if (first) {
      seen.add(edge.source);
      stack.push({ id: edge.source, next: 0 });
    }
  }
  return film.frames;
}

function overwriting(lesson) {
  const film = new Film(lesson);
  film.start();
  for (const id of lesson.order) {
    for (const edge of lesson.graph.inputs.get(id)) {
      const [value, words] = film.sent(edge);
      const before = film.grads.get(edge.source);
      film.grads.set(edge.source, value);
      const lost = before !== undefined;
      film.frame(
        `${words}${lost ? `, which overwrites ${short(before)}: that use is forgotten.` : "."}`,
        id,
        edge.id,
        lost,
      );
    }
  }
  return film.frames;
}

/** Two backward passes. Leaves keep their gradients from one to the next, unless they are reset. */
function twice(lesson, reset) {
  const film = new Film(lesson);
  rightPass(lesson, film);
  const isLeaf = (id) => !lesson.graph.inputs.get(id).length;
  for (const id of [...film.grads.keys()]) if (reset || !isLeaf(id)) film.grads.delete(id);
  film.frame(
    reset ? "zero_grad(): all gradients are reset." : "Nothing is reset; the leaves keep what they have.",
    null,
    null,
    !reset,
  );
  film.start();
  for (const id of lesson.order) {
    for (const edge of lesson.graph.inputs.get(id)) {
      film.add(edge, (_, before) => {
        const stale = !reset && isLeaf(edge.source) && before !== undefined;
        return [stale ? " It still had a gradient from the pass before." : "", stale];
      });
    }
  }
  return film.frames;
}
