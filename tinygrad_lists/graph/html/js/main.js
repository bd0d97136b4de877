// Putting it together.

const graph = readGraph(JSON.parse(byId("graph-data").textContent));
const surface = byId("surface");

const panel = new Panel(graph, byId("panel"), {
  goTo: (kind, id) => picture.goTo(kind, id),
  close: () => closeTopmost(),
  toggle: (id) => picture.toggle(id),
});

const picture = new Picture(graph, surface, {
  choose: (chosen) => panel.show(chosen, chosen?.kind === "line" ? picture.lines.get(chosen.id).line : null),
  opened: () => sayCounts(),
});

const replay = new Replay(graph, {
  step: (step) => {
    picture.step = step;
    panel.step = step;
    picture.paint();
    const scroll = panel.element.scrollTop;
    if (panel.chosen && panel.chosen.kind !== "line") panel.show(panel.chosen);
    panel.element.scrollTop = scroll;
    const active = step && picture.standIn(graph.steps[step - 1].node);
    if (active) picture.camera.show(active);
  },
});

const search = new Search(graph, picture);
const lessons = new LessonView(graph);

/** Escape closes one thing at a time: the choice, then the replay, then the search. */
function closeTopmost() {
  if (picture.chosen) {
    const { id, kind } = picture.chosen;
    picture.choose(null);
    if (kind !== "line") picture.focus(id);
  } else if (replay.step !== null) replay.show(false);
  else if (search.input.value) {
    search.input.value = "";
    search.look();
  }
}

function sayCounts() {
  const cards = [...picture.scene.items.values()].filter((item) => item.kind !== "frame").length;
  const all = graph.data.nodes.length;
  byId("counts").textContent =
    cards === all ? plural(all, "node") : `${plural(cards, "card")} for ${plural(all, "node")}`;
  byId("open-all").disabled = picture.open.size === graph.groups.size;
  byId("close-all").disabled = picture.open.size === 0;
}

/** Light, dark, or what the system says. */
function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  picture.paint();
  drawLegend();
}

function drawLegend() {
  const { range } = graph;
  const roles = [...new Set(graph.data.nodes.map((node) => node.role))];
  const samples = {
    input: "in",
    parameter: "θ",
    constant: "c",
    operation: "ƒ",
    output: "◎",
    group: "▦",
    failed: "!",
  };
  const order = Object.keys(samples).filter(
    (role) => roles.includes(role) || (role === "group" && graph.groups.size),
  );
  const sample = (role) =>
    html("li", { class: `role-${role}` }, html("span", { class: "badge" }, samples[role]), role);
  const flows = [...new Set(graph.data.nodes.map((node) => node.flow))].filter((flow) =>
    ["dead", "unreached", "detached"].includes(flow),
  );
  const flow = (name) =>
    html("li", { class: `flow-${name.replace(" ", "-")}` }, html("span", { class: "stub" }), FLOWS[name][0]);
  const parts = [html("ul", { class: "roles" }, order.map(sample))];
  if (range) {
    const dark = isDark();
    const stops = Array.from({ length: 24 }, (_, i) => {
      const stop = html("span", {});
      stop.style.background = scaleColour(i / 23, dark);
      return stop;
    });
    const ends = range.map((exponent) => html("span", {}, powerOfTen(exponent)));
    const words = "Magnitude of the gradient; of a tensor, the root mean square of its elements";
    const scale = html("span", { class: "scale", role: "img", "aria-label": words }, stops);
    parts.push(html("span", { class: "range", title: words }, "gradient", ends[0], scale, ends[1]));
  }
  if (flows.length) parts.push(html("ul", { class: "flows" }, flows.map(flow)));
  const verdicts = Object.keys(VERDICTS).filter((verdict) =>
    [...graph.marks.values(), ...graph.data.nodes.map((node) => node.mark)].some((mark) => mark?.verdict === verdict),
  );
  const verdict = (name) =>
    html(
      "li",
      { class: `look-${VERDICTS[name][0]}` },
      html("span", { class: "dot" }, VERDICTS[name][1]),
      `${name}: ${VERDICTS[name][2]}`,
    );
  if (verdicts.length) parts.push(html("ul", { class: "verdicts" }, verdicts.map(verdict)));
  byId("legend").replaceChildren(...parts);
}

const help = byId("help");
byId("help-keys").replaceChildren(...KEYS.flatMap(([key, words]) => [html("dt", {}, key), html("dd", {}, words)]));
byId("help-open").addEventListener("click", () => help.showModal());
byId("help-close").addEventListener("click", () => help.close());
byId("theme").addEventListener("click", () => setTheme(isDark() ? "light" : "dark"));
byId("fit").addEventListener("click", () => picture.camera.fit());
byId("zoom-in").addEventListener("click", () => picture.camera.zoomBy(1.25));
byId("zoom-out").addEventListener("click", () => picture.camera.zoomBy(0.8));
byId("open-all").addEventListener("click", () => picture.openAll(true));
byId("close-all").addEventListener("click", () => picture.openAll(false));
byId("turn").addEventListener("click", () => picture.turn());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(null));

byId("title").textContent = oneLine(graph.data.title || "Computation graph");
byId("title").title = byId("title").textContent; // whole, where there is no room for it
byId("notes").replaceChildren(...graph.data.notes.map((note) => html("li", {}, note)));
byId("groups-tools").hidden = graph.groups.size === 0;
drawLegend();
listenToKeys({
  picture,
  replay,
  lessons,
  help: () => help.showModal(),
  theme: () => setTheme(isDark() ? "light" : "dark"),
  close: closeTopmost,
});
picture.redraw();
picture.camera.fit();
document.documentElement.dataset.ready = "yes";
