// Pan, zoom and fit: one transform on the group that holds the picture.

class Camera {
  constructor(surface, content, changed) {
    this.surface = surface;
    this.content = content;
    this.changed = changed;
    this.x = 0;
    this.y = 0;
    this.zoom = 1;
    this.size = { width: 1, height: 1 };
    this.pointers = new Map();
    this.dragged = false;
    this.fitted = false; // until the user moves it, the picture fits also when the window or the panel changes
    new ResizeObserver(() => (this.fitted ? this.fit() : this.changed())).observe(surface);
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
    surface.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    surface.addEventListener("pointerdown", (event) => this.press(event));
    surface.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      surface.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
  }

  apply() {
    this.content.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.zoom})`);
    this.surface.classList.toggle("far", this.zoom < 0.38);
  }

  /** On paper the whole picture is shown, as large as the page lets it be. */
  print(on) {
    const { width, height } = this.size;
    if (on) this.surface.setAttribute("viewBox", `-10 -14 ${width + 20} ${height + 28}`);
    else this.surface.removeAttribute("viewBox");
    this.surface.classList.remove("far");
    if (on) this.content.removeAttribute("transform");
    else this.apply();
  }

  /** The largest zoom at which a picture of this size is seen whole. */
  fitting(size) {
    const box = this.surface.getBoundingClientRect();
    const margin = 28;
    const zoom = Math.min((box.width - 2 * margin) / size.width, (box.height - 2 * margin) / size.height);
    return Math.max(0.01, Math.min(zoom, 1.25));
  }

  fit() {
    const box = this.surface.getBoundingClientRect();
    this.zoom = this.fitting(this.size);
    this.x = (box.width - this.size.width * this.zoom) / 2;
    this.y = (box.height - this.size.height * this.zoom) / 2;
    this.fitted = true;
    this.apply();
  }

  /** Zoom by a factor; the point (px, py) of the surface stays where it is. */
  zoomBy(factor, px, py) {
    const box = this.surface.getBoundingClientRect();
    const [x, y] = [px ?? box.width / 2, py ?? box.height / 2];
    const zoom = Math.max(0.01, Math.min(4, this.zoom * factor));
    this.x = x - ((x - this.x) * zoom) / this.zoom;
    this.y = y - ((y - this.y) * zoom) / this.zoom;
    this.zoom = zoom;
    this.fitted = false;
    this.apply();
  }

  panBy(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this.apply();
  }

  /** Bring an item into view, moving no more than needed; `centred`: to the middle, and close enough to be read. */
  show(item, centred = false) {
    const box = this.surface.getBoundingClientRect();
    if (centred && this.zoom < 0.5) this.zoom = 0.8;
    const way = (start, size, room) => {
      if (centred) return (room - size) / 2 - start;
      const margin = Math.max(0, Math.min(14, (room - size) / 2));
      return start < margin ? margin - start : Math.min(0, room - margin - size - start);
    };
    const dx = way(this.x + item.x * this.zoom, item.w * this.zoom, box.width);
    const dy = way(this.y + item.y * this.zoom, item.h * this.zoom, box.height);
    if (dx || dy) this.panBy(dx, dy);
    else this.apply();
  }

  /** The wheel zooms, with Shift it pans sideways. A pinch on a touch pad comes as a wheel with Ctrl, in finer steps. */
  wheel(event) {
    event.preventDefault();
    const box = this.surface.getBoundingClientRect();
    const pixels = event.deltaMode === 1 ? 30 : event.deltaMode === 2 ? 300 : 1;
    if (event.shiftKey && !event.ctrlKey) this.panBy(-(event.deltaX || event.deltaY) * pixels, 0);
    else {
      const speed = event.ctrlKey ? 0.01 : 0.0016;
      const factor = Math.exp(-Math.max(-200, Math.min(200, event.deltaY * pixels)) * speed);
      this.zoomBy(factor, event.clientX - box.left, event.clientY - box.top);
    }
  }

  press(event) {
    if (event.button > 1) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.start = [event.clientX, event.clientY];
    this.dragged = false;
  }

  /** One pointer drags; two zoom by their distance. */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      const box = this.surface.getBoundingClientRect();
      const middle = [(now[0] + other[0]) / 2 - box.left, (now[1] + other[1]) / 2 - box.top];
      this.zoomBy(distance(now, other) / Math.max(1, distance(before, other)), ...middle);
      this.dragged = true;
    } else if (this.dragged || distance(now, this.start) > 4) {
      // A click may shake a little; only what goes further is a drag.
      if (!this.dragged) this.surface.setPointerCapture(event.pointerId);
      this.dragged = true;
      this.panBy(now[0] - before[0], now[1] - before[1]);
    }
    this.pointers.set(event.pointerId, now);
  }
}
