// What comes of a laid out grid: places of the items, and the points of every link.

/** Places of the items, the size of it all, and the way of each link. */
function result(grid, links) {
  const cells = grid.rows.flat();
  const ends = new Map(grid.segments.filter((s) => s.link).map((s) => [s.link, s]));
  const routes = links.map((link, i) => route(link, grid.chains[i], ends.get(link)?.lowerOffset ?? 0, grid.turns));
  const xs = [
    ...cells.flatMap((cell) => [cell.x - cell.w / 2, cell.x + cell.w / 2]),
    ...routes.flat().map((p) => p[0]),
  ];
  const ys = [...cells.flatMap((cell) => [cell.top, cell.bottom]), ...routes.flat().map((p) => p[1])];
  const [left, top] = [least(xs), least(ys)];
  const places = new Map();
  for (const [id, cell] of grid.cells)
    places.set(id, { x: cell.x - cell.w / 2 - left, y: cell.middle - cell.h / 2 - top });
  const shifted = routes.map((points) => points.map(([x, y]) => [x - left, y - top]));
  const labels = grid.chains.map((chain) => {
    const cell = chain.find((one) => one.label);
    return cell ? { ...cell.label, x: cell.x - cell.w / 2 - left, y: cell.middle - cell.h / 2 - top } : null;
  });
  // Without the rows of the ports, which take no room of their own; turns do.
  const inner = cells.filter((cell) => cell.h > 0);
  const turning = grid.turns.size ? [top, -least(ys.map((y) => -y))] : []; // turns go around everything
  const from = least([...inner.map((cell) => cell.middle - cell.h / 2), ...turning]) - top;
  const to = -least([...inner.map((cell) => -cell.middle - cell.h / 2), ...turning.map((y) => -y)]) - top;
  return { width: -least(xs.map((x) => -x)) - left, from, to, places, routes: shifted, labels };
}

/** The points of a link: its exit, through the dummies and around the turns, its entry. */
function route(link, chain, offset, turns) {
  const from = chain[0];
  const to = chain[chain.length - 1];
  const exit = from.item.exit?.get(link.key);
  const start = from.x + (exit === undefined ? 0 : exit - from.w / 2);
  const points = [[start, from.middle + from.h / 2]];
  // Straight through the rest of its row, or the curve would run through a taller neighbour.
  if (from.bottom - points[0][1] > 4) points.push([start, from.bottom]);
  for (let i = 1; i < chain.length; i++) {
    const cell = chain[i];
    const x = cell === to ? to.x + offset : cell.x;
    if (cell.line !== chain[i - 1].line) points.push(...turns.get(cell.line)(points[points.length - 1][0], x));
    if (cell === to && to.middle - to.h / 2 - to.top > 4) points.push([x, to.top]);
    if (cell === to) points.push([x, to.middle - to.h / 2]);
    else if (cell.label) points.push(...behindLabel(cell, points[points.length - 1], [to.x + offset, to.top]));
    else points.push([x, cell.top], [x, cell.bottom]);
  }
  return points;
}

/** A line that goes on to the same side passes behind its label aslant, instead of in a step. */
function behindLabel({ x, top, middle, bottom, label }, [x0, y0], [x1, y1]) {
  const goesOn = (x - x0) * (x1 - x) > 0;
  const room = goesOn ? Math.max(0, label.w / 2 - 8) : 0;
  const within = (d) => Math.max(-room, Math.min(room, d));
  return [
    [x - within(((x - x0) * (middle - top)) / (middle - y0)), top],
    [x + within(((x1 - x) * (bottom - middle)) / (y1 - middle)), bottom],
  ];
}
