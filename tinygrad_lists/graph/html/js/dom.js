// Making elements. All text that comes from a graph becomes a text node, never markup: nothing can be injected.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. `on` in the attributes names listeners; children that are no elements become text. */
function html(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

/**
 * Text that any program may have chosen, fit for one line: control characters are made visible, and those that turn the
 * direction of what follows are taken out, so that a name cannot disturb its neighbours.
 */
function oneLine(text) {
  return String(text)
    .replace(/\r\n|[\n\r\u2028\u2029]/g, "⏎")
    .replace(/\t/g, " ")
    .replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g, "")
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
}

const measuring = document.createElement("canvas").getContext("2d");
const widths = new Map();

/** Width of a text in a font, in pixels. */
function textWidth(text, font) {
  const key = font + "|" + text;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > 20000) widths.clear();
    measuring.font = font;
    width = measuring.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}

/** The text, cut to a width with an ellipsis; never inside a character that takes two code units. */
function fitted(text, width, font) {
  const line = oneLine(text);
  if (textWidth(line, font) <= width) return line;
  const letters = Array.from(line.slice(0, 400));
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (textWidth(letters.slice(0, middle).join("") + "…", font) <= width) low = middle;
    else high = middle - 1;
  }
  return letters.slice(0, low).join("") + "…";
}

/** A picture of a tensor: `pixels` has one character a pixel, see docs/graph-json.md. */
const LEVELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+";
const pictures = new Map();

/** Colour of a pixel: blue below 0, orange above, as people of all kinds of colour vision tell them apart. */
function pixelColour(character, signed) {
  if (character === ".") return [0, 0, 0, 0];
  if (character === "!") return [213, 0, 161, 255];
  if (character === ")" || character === "(") return [0, 158, 115, 255];
  const level = LEVELS.indexOf(character);
  if (!signed) {
    const v = Math.round(20 + (235 * level) / 62);
    return [v, v, v, 255];
  }
  const share = (level - 31) / 31;
  const end = share < 0 ? [24, 84, 169] : [214, 94, 0];
  const t = Math.abs(share) ** 0.8;
  return [...end.map((c) => Math.round(247 + (c - 247) * t)), 255];
}

/**
 * Width and height of the picture of an array in one unit. Pixels may stand for blocks that are not square; images are
 * shown in their own proportions, and what is far from an image (a vector, a tall matrix) with square pixels.
 */
function pictureSize(row) {
  const { rows, columns, pixels } = row.thumbnail;
  const [height, width] = row.shape.length > 1 ? row.shape.slice(-2) : [1, row.shape[0]];
  if (height < 8 || width < 8 || height > 2.5 * width || width > 2.5 * height) return [columns, rows];
  const gap = pixels.slice(0, columns).indexOf(".");
  const across = gap < 0 ? columns : gap;
  let down = 0;
  while (down < rows && pixels[down * columns] !== ".") down++;
  return [columns * (width / across), rows * (height / down)];
}

/** A canvas with one pixel for each of the thumbnail's. */
function pictureCanvas(thumbnail) {
  const { rows, columns, pixels, signed } = thumbnail;
  const canvas = html("canvas", { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < pixels.length; i++) image.data.set(pixelColour(pixels[i], signed), 4 * i);
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The same as an address that an SVG image can show; made once for each array. */
function pictureAddress(row) {
  if (!pictures.has(row)) pictures.set(row, pictureCanvas(row.thumbnail).toDataURL());
  return pictures.get(row);
}
