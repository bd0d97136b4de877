// Long layouts are broken into lines, as text is: a chain of twenty cards in one row could only be read through a
// magnifying glass.

/** Each link that turns at the end of a line is one more way for the eye to follow; so much larger the rest has to be. */
const TURN = 0.92;

/**
 * Break the rows of a grid into lines side by side, so that the whole is seen as large as possible on a screen of
 * `gaps.screen` pixels, [along, across]. The breaks go where few links cross. Sets `line` of each cell, moves the cells, and
 * leaves in `grid.turns` a function for each line that gives the way of a link from the end of the line before.
 */
function wrap(grid, gaps) {
  grid.turns = new Map();
  const { rows } = grid;
  const breaks = bestBreaks(grid, gaps);
  if (!breaks.length) return;
  const starts = [0, ...breaks];
  let offset = 0;
  let before = null;
  starts.forEach((first, line) => {
    const last = (starts[line + 1] ?? rows.length) - 1;
    const cells = rows.slice(first, last + 1).flat();
    const left = least(cells.map((cell) => cell.x - cell.w / 2));
    const right = -least(cells.map((cell) => -cell.x - cell.w / 2));
    const start = rows[first][0].top;
    const exits = line ? rows[first - 1].flatMap((cell) => cell.below.map((s) => cell.x + s.upperOffset)) : [];
    const gutter = line ? gaps.across + 14 + laneWidth(exits.length) * exits.length : 0;
    const shift = offset + gutter - left;
    for (const cell of cells) {
      cell.line = line;
      cell.x += shift;
      for (const side of ["top", "middle", "bottom"]) cell[side] -= start;
    }
    const past = gaps.along * 0.4;
    if (line) grid.turns.set(line, turn(exits, before.across + gutter / 2, before.end + past, -past));
    offset += gutter + right - left;
    before = { across: offset, end: rows[last][0].bottom };
  });
}

/** Rows with which new lines begin: of one to many lines, as many as let the whole be seen largest. */
function bestBreaks(grid, gaps) {
  const { rows } = grid;
  let best = { breaks: [], worth: scaleOf(rows, [], gaps) };
  const most = Math.min(12, Math.floor(rows.length / 2));
  for (let lines = 2; lines <= most; lines++) {
    const breaks = breaksFor(grid, lines);
    if (!breaks.length) continue;
    const turns = breaks.reduce((sum, row) => sum + crossingsBefore(rows, row), 0);
    const worth = scaleOf(rows, breaks, gaps) * TURN ** turns;
    if (worth > best.worth) best = { breaks, worth };
  }
  return best.breaks;
}

/** How many links lead from the row before into this one. */
function crossingsBefore(rows, row) {
  return rows[row - 1].reduce((sum, cell) => sum + cell.below.length, 0);
}

/** How large a layout with these breaks appears on the screen; beyond what is easily read no larger is better. */
function scaleOf(rows, breaks, gaps) {
  let along = 0;
  let across = 0;
  [0, ...breaks].forEach((first, line) => {
    const last = (breaks[line] ?? rows.length) - 1;
    const cells = rows.slice(first, last + 1).flat();
    along = Math.max(along, rows[last][0].bottom - rows[first][0].top);
    across -= least(cells.map((cell) => -cell.x - cell.w / 2)) + least(cells.map((cell) => cell.x - cell.w / 2));
    across += line ? 60 : 0;
  });
  return Math.min(gaps.screen[0] / along, gaps.screen[1] / across, 0.8);
}

/** Breaks into lines of about equal length, where few links cross. */
function breaksFor({ rows }, lines) {
  const length = rows[rows.length - 1][0].bottom;
  const found = [];
  for (let line = 1; line < lines; line++) {
    const wish = (line * length) / lines;
    let best = null;
    for (let row = 2; row < rows.length - 1; row++) {
      if (isLabelRow(rows[row - 1])) continue; // a label stays with the card that it leads to
      const crossing = crossingsBefore(rows, row);
      const far = Math.abs((rows[row - 1][0].bottom + rows[row][0].top) / 2 - wish);
      if (far > (0.4 * length) / lines || row <= (found[found.length - 1] ?? 0) + 1) continue;
      const cost = far + (crossing * 0.12 * length) / lines;
      if (!best || cost < best.cost) best = { row, cost };
    }
    if (best) found.push(best.row);
  }
  return found;
}

/**
 * Ways from one line to the next: past its end, back through the gutter, and in at the start. Each link takes its own
 * lane, ordered so that those that keep their order do not cross: who leaves last turns first.
 */
function turn(exits, gutter, end, start) {
  const order = [...new Set(exits)].sort((a, b) => b - a);
  const wide = laneWidth(order.length);
  return (fromX, toX) => {
    const lane = order.indexOf(fromX);
    const x = gutter + (lane - (order.length - 1) / 2) * wide;
    const [low, high] = [end + lane * wide * 0.6, start - (order.length - 1 - lane) * wide * 0.6];
    return [
      [fromX, low],
      [x, low],
      [x, high],
      [toX, high],
    ];
  };
}

function laneWidth(turning) {
  return Math.min(9, 120 / turning);
}
