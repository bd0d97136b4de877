// Search by name, operation, shape, path or id. Enter goes to the next hit, Shift+Enter to the one before.

class Search {
  constructor(graph, picture) {
    this.graph = graph;
    this.picture = picture;
    this.input = byId("search");
    this.hits = [];
    this.at = -1;
    this.texts = new Map(graph.data.nodes.map((node) => [node.id, searchText(node)]));
    this.input.addEventListener("input", () => this.look());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        this.next(event.shiftKey ? -1 : 1);
      }
      if (event.key === "Escape") {
        event.stopPropagation();
        this.input.value = "";
        this.look();
        picture.focus(picture.focused() ?? graph.data.nodes[0].id);
      }
    });
  }

  /** Nodes that hold every word; a node whose name or operation is the whole query comes first. */
  look() {
    const query = this.input.value.trim().toLowerCase();
    const words = query.split(/\s+/).filter(Boolean);
    const nodes = this.graph.data.nodes.filter(
      (node) => words.length && words.every((word) => this.texts.get(node.id).includes(word)),
    );
    const isExact = (node) => [node.name, node.op, node.id].some((text) => text.toLowerCase() === query);
    this.hits = [...nodes.filter(isExact), ...nodes.filter((node) => !isExact(node))].map((node) => node.id);
    this.at = -1;
    this.picture.hits = new Set(this.hits);
    this.picture.paint();
    this.say();
  }

  next(by) {
    if (!this.hits.length) return;
    this.at =
      this.at < 0 ? (by > 0 ? 0 : this.hits.length - 1) : (this.at + by + this.hits.length) % this.hits.length;
    this.picture.goTo("node", this.hits[this.at]);
    this.say();
  }

  say() {
    const count = this.hits.length;
    let words = "";
    if (this.input.value.trim())
      words = !count ? "no hit" : this.at < 0 ? plural(count, "hit") : `${this.at + 1} of ${count}`;
    byId("search-count").textContent = words;
  }
}

function searchText(node) {
  const shapes = [node.shape.join("x"), node.shape.join("×"), `(${node.shape.join(", ")})`, node.shape.join(",")];
  return [node.name, node.op, node.id, node.role, ...node.scope, ...shapes, node.source?.text ?? ""]
    .join(" ")
    .toLowerCase();
}
