// A layered layout (Sugiyama's): ranks by longest path, order by barycentres, coordinates by least squares. It runs from
// top to bottom; a layout from left to right is the same with the axes exchanged. Pure functions of plain data, without
// recursion.

/**
 * Lay out the items of one container.
 *
 * items: [{id, w, h, fixed?: "first" | "last", entry?: Map(key -> x), exit?: Map(key -> x)}]; `entry` and `exit` say
 *   where in a frame the lines of a source pass its border.
 * links: [{from, to, key, label?: {w, h}}], by ids of items; links from one item with one key share their way as far as
 *   they can. A label stands in a row of its own before the item that its link ends at.
 * gaps: {across, along, near, line}: between items of a row, between rows, beside rows of labels, and between lines.
 *
 * Returns {width, from, to, places: Map(id -> {x, y} of the top left corner), routes: [points] and labels: [{x, y, w, h} or
 * null] for each link}; across, the items take `width`, and along they stand between `from` and `to`.
 */
function layoutLayers(items, links, gaps) {
  if (!items.length) return { width: 0, from: 0, to: 0, places: new Map(), routes: [], labels: [] };
  const ranks = withLabelRows(assignRanks(items, links), links);
  const grid = buildGrid(items, links, ranks, gaps);
  orderGrid(grid);
  spreadEntries(grid);
  assignAcross(grid, gaps);
  measure(grid, gaps);
  wrap(grid, gaps);
  return result(grid, links);
}

/** Longest path from the sources; what has no inputs moves down to just above its first use. */
function assignRanks(items, links) {
  const rank = new Map(items.map((item) => [item.id, 0]));
  const waiting = new Map(items.map((item) => [item.id, 0]));
  const next = new Map(items.map((item) => [item.id, []]));
  for (const link of links) {
    waiting.set(link.to, waiting.get(link.to) + 1);
    next.get(link.from).push(link.to);
  }
  const ready = items.filter((item) => !waiting.get(item.id)).map((item) => item.id);
  const isSource = new Set(ready);
  const done = new Set(ready);
  let rest = 0;
  for (let i = 0; ; i++) {
    if (i === ready.length) {
      // Only graphs with cycles, which no program gives, come here with items left.
      while (rest < items.length && done.has(items[rest].id)) rest++;
      if (rest === items.length) break;
      done.add(items[rest].id);
      ready.push(items[rest].id);
    }
    for (const to of next.get(ready[i])) {
      if (done.has(to)) continue;
      rank.set(to, Math.max(rank.get(to), rank.get(ready[i]) + 1));
      waiting.set(to, waiting.get(to) - 1);
      if (!waiting.get(to)) {
        done.add(to);
        ready.push(to);
      }
    }
  }
  for (const item of items) {
    const after = next.get(item.id).map((id) => rank.get(id));
    if (isSource.has(item.id) && item.fixed !== "first" && after.length) rank.set(item.id, Math.min(...after) - 1);
  }
  const bottom = Math.max(...rank.values());
  for (const item of items) if (item.fixed === "last") rank.set(item.id, bottom);
  return rank;
}

/** Ranks with one more before each that a labelled link ends at. */
function withLabelRows(ranks, links) {
  const labelled = links.filter((link) => link.label && ranks.get(link.from) < ranks.get(link.to));
  const ends = [...new Set(labelled.map((link) => ranks.get(link.to)))];
  return new Map([...ranks].map(([id, rank]) => [id, rank + ends.filter((end) => end <= rank).length]));
}

function isLabelRow(row) {
  return row.some((cell) => cell.label);
}

/** Room between two rows: lines need some to bend beside labels, less if there is but one, which runs straight. */
function gapBetween(row, next, gaps) {
  const labels = [row, next].find(isLabelRow);
  if (!labels) return gaps.along;
  return labels.length > 1 ? gaps.near : gaps.near * 0.7;
}

/** Cells by rank: items, and for links over several ranks one dummy in each rank between, shared by source and key. */
function buildGrid(items, links, ranks, gaps) {
  const rows = Array.from({ length: Math.max(...ranks.values()) + 1 }, () => []);
  const cells = new Map();
  const segments = [];
  const add = (row, cell) => {
    cell.row = row;
    cell.position = rows[row].length;
    cell.above = [];
    cell.below = [];
    rows[row].push(cell);
    return cell;
  };
  const join = (upper, lower, upperOffset, link) => {
    const segment = { upper, lower, upperOffset, lowerOffset: 0, link };
    upper.below.push(segment);
    lower.above.push(segment);
    segments.push(segment);
  };
  for (const item of items) cells.set(item.id, add(ranks.get(item.id), { item, w: item.w, h: item.h }));
  const dummies = new Map();
  const chains = links.map((link) => {
    const from = cells.get(link.from);
    const to = cells.get(link.to);
    const exit = from.item.exit?.get(link.key);
    let offset = exit === undefined ? 0 : exit - from.w / 2;
    let last = from;
    const chain = [from];
    for (let row = from.row + 1; row < to.row; row++) {
      const { label } = row === to.row - 1 ? link : {};
      const key = JSON.stringify([link.from, link.key, row]);
      let dummy = label ? null : dummies.get(key);
      if (!dummy) {
        dummy = add(row, { item: null, label, w: label?.w ?? gaps.line, h: label?.h ?? 0 });
        if (!label) dummies.set(key, dummy);
        join(last, dummy, offset, null);
      }
      chain.push(dummy);
      last = dummy;
      offset = 0;
    }
    if (to.row > from.row) join(last, to, offset, link);
    chain.push(to);
    return chain;
  });
  return { rows, cells, segments, chains, links };
}

/** Barycentre sweeps, down and up in turn; the order with the fewest crossings is kept. */
function orderGrid(grid) {
  const size = grid.segments.length;
  const sweeps = size > 6000 ? 4 : size > 1500 ? 8 : 16;
  let best = crossings(grid);
  let order = grid.rows.map((row) => row.slice());
  for (let sweep = 0; sweep < sweeps && best > 0; sweep++) {
    const down = sweep % 2 === 0;
    const rows = down ? grid.rows : grid.rows.slice().reverse();
    for (const row of rows) {
      for (const cell of row) {
        const near = down ? cell.above : cell.below;
        let sum = 0;
        for (const s of near) sum += (down ? s.upper : s.lower).position + (down ? shareOf(s) : 0);
        cell.centre = near.length ? sum / near.length : cell.position;
      }
      row.sort((a, b) => a.centre - b.centre || a.position - b.position);
      row.forEach((cell, i) => (cell.position = i));
    }
    const now = crossings(grid);
    if (now < best) {
      best = now;
      order = grid.rows.map((row) => row.slice());
    }
  }
  grid.rows = order;
  for (const row of order) row.forEach((cell, i) => (cell.position = i));
}

/** Where on its upper cell a segment starts, as less than half a place to the left or right. */
function shareOf(segment) {
  return segment.upper.w ? (0.9 * segment.upperOffset) / segment.upper.w : 0;
}

/** Pairs of segments that cross, counted with a tree of sums: O(n log n). */
function crossings(grid) {
  let count = 0;
  for (const row of grid.rows) {
    const pairs = row.flatMap((cell) => cell.below.map((s) => [cell.position + shareOf(s), s.lower.position]));
    if (pairs.length < 2) continue;
    pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const width = Math.max(...pairs.map((pair) => pair[1])) + 1;
    const tree = new Array(width + 1).fill(0);
    pairs.forEach(([, low], seen) => {
      let before = 0;
      for (let i = low + 1; i > 0; i -= i & -i) before += tree[i];
      count += seen - before;
      for (let i = low + 1; i <= width; i += i & -i) tree[i] += 1;
    });
  }
  return count;
}

/** Lines that end at one item get places side by side, in the order in which they come; into a frame, its own. */
function spreadEntries(grid) {
  for (const cell of grid.cells.values()) {
    const ends = cell.above.filter((s) => s.link);
    const free = ends.filter((s) => {
      const entry = cell.item.entry?.get(s.link.key);
      if (entry !== undefined) s.lowerOffset = entry - cell.w / 2;
      return entry === undefined;
    });
    free.sort(
      (a, b) => a.upper.position + shareOf(a) - b.upper.position - shareOf(b) || a.link.position - b.link.position,
    );
    const step = Math.min(26, Math.max(0, cell.w - 28) / Math.max(1, free.length));
    free.forEach((s, i) => (s.lowerOffset = (i - (free.length - 1) / 2) * step));
  }
}

/** Coordinates across: each row as close as possible to where its neighbours are, without changing the order. */
function assignAcross(grid, gaps) {
  for (const row of grid.rows) {
    let x = 0;
    for (const cell of row) {
      cell.x = x + cell.w / 2;
      x += cell.w + (cell.item ? gaps.across : gaps.line);
    }
    for (const cell of row) cell.x -= x / 2;
  }
  const rounds = grid.segments.length > 6000 ? 6 : 14;
  for (let round = 0; round < rounds; round++) {
    const kind = round === rounds - 1 ? "both" : round % 2 ? "below" : "above";
    const rows = kind === "below" ? grid.rows.slice().reverse() : grid.rows;
    for (const row of rows) placeRow(row, kind, gaps);
  }
}

/**
 * Least squares with the order kept (pool adjacent violators): neighbours that wish to overlap become one block, whose
 * place is the mean of their wishes.
 */
function placeRow(row, kind, gaps) {
  const blocks = [];
  let start = 0;
  let before = null;
  for (const cell of row) {
    if (before) start += before.w / 2 + cell.w / 2 + (before.item || cell.item ? gaps.across : gaps.line);
    before = cell;
    cell.start = start;
    const [wish, weight] = wishOf(cell, kind);
    blocks.push({ sum: (wish - start) * weight, weight, cells: [cell] });
    while (blocks.length > 1) {
      const last = blocks[blocks.length - 1];
      const other = blocks[blocks.length - 2];
      if (other.sum / other.weight <= last.sum / last.weight) break;
      other.sum += last.sum;
      other.weight += last.weight;
      other.cells.push(...last.cells);
      blocks.pop();
    }
  }
  for (const block of blocks) for (const cell of block.cells) cell.x = block.sum / block.weight + cell.start;
}

/** Where a cell would like to be, and how much. Lines over several ranks want to be straight. */
function wishOf(cell, kind) {
  let sum = 0;
  let weight = 0;
  const add = (x, other) => {
    const w = cell.item ? 1 : other.item ? 2 : 8;
    sum += w * x;
    weight += w;
  };
  if (kind !== "below") for (const s of cell.above) add(s.upper.x + s.upperOffset - s.lowerOffset, s.upper);
  if (kind !== "above") for (const s of cell.below) add(s.lower.x + s.lowerOffset - s.upperOffset, s.lower);
  return weight ? [sum / weight, weight] : [cell.x, 0.05];
}

/** Coordinates along: row after row. */
function measure(grid, gaps) {
  let y = 0;
  grid.rows.forEach((row, i) => {
    const height = Math.max(...row.map((cell) => cell.h));
    for (const cell of row) Object.assign(cell, { top: y, bottom: y + height, middle: y + height / 2, line: 0 });
    y += height + gapBetween(row, grid.rows[i + 1] ?? [], gaps);
  });
}
