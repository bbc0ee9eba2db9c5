// @ts-check
/**
 * Regions as DS9 writes them: what the page can draw of them.
 *
 * @typedef {{kind: string, sky: boolean, points: [number, number][], radius: number, text: string}} Shape
 */

import { parsePosition } from "./wcs.js";

/** @typedef {import("./wcs.js").TangentPlane} TangentPlane */

const CORNERS = 48;

/**
 * @param {string} text  one line, as icrs;circle(10.1,-2.3,5")
 * @returns {Shape | null} null where it is none that can be drawn
 */
export function parseShape(text) {
  const found = text.match(/^\s*(?:(icrs|fk5|image|physical)\s*;)?\s*(circle|box|ellipse|polygon|point)\s*\(([^)]*)\)/i);
  if (!found) return null;
  const sky = !/image|physical/i.test(found[1] || "icrs");
  const kind = found[2].toLowerCase();
  const words = found[3].split(",").map((word) => word.trim());
  const pairs = kind === "polygon" ? words.length / 2 : 1;
  /** @type {[number, number][]} */
  const points = [];
  for (let n = 0; n < pairs; n++) {
    const [x, y] = [words[2 * n], words[2 * n + 1]];
    const place = sky ? parsePosition(`${x} ${y}`) : [Number(x) - 1, Number(y) - 1];
    if (!place || place.some((value) => !Number.isFinite(value))) return null;
    points.push(/** @type {[number, number]} */ (place));
  }
  const sizes = kind === "polygon" ? [] : words.slice(2).map(length);
  if (sizes.some((size) => !Number.isFinite(size))) return null;
  const shape = { kind, sky, points, radius: sizes[0] || 0, text };
  return kind === "box" || kind === "ellipse" ? { ...shape, ...{ sizes } } : shape;
}

/**
 * @param {string} text  a line of DS9
 * @returns {string} the words that stand at it
 */
export function labelOf(text) {
  const found = text.match(/#.*?text\s*=\s*(?:\{([^}]*)\}|"([^"]*)"|'([^']*)')/);
  return found ? found[1] ?? found[2] ?? found[3] : "";
}

/**
 * @param {string} text
 * @param {string} words
 * @returns {string} the line with other words at it
 */
export function labelled(text, words) {
  const plain = text.replace(/\s*#.*/, "");
  const kept = words.replace(/[{}\r\n]/g, "").trim().slice(0, 100);
  return kept ? `${plain} # text={${kept}}` : plain;
}

/** @param {string} word  degrees, or with ' or " */
function length(word) {
  const value = parseFloat(word);
  if (word.endsWith('"')) return value / 3600;
  return word.endsWith("'") ? value / 60 : value;
}

/**
 * The outline of a shape in pixels of the image.
 * @param {any} shape
 * @param {TangentPlane | null} plane
 * @returns {[number, number][] | null}
 */
export function outline(shape, plane) {
  if (shape.sky && !plane) return null;
  /** @param {[number, number]} point */
  const pixel = (point) => (shape.sky ? /** @type {TangentPlane} */ (plane).toPixel(...point) : point);
  if (shape.kind === "polygon") {
    const corners = shape.points.map(pixel);
    return corners.some((/** @type {any} */ corner) => !corner) ? null : corners;
  }
  const middle = pixel(shape.points[0]);
  if (!middle) return null;
  if (shape.kind === "point") return [middle];
  const scale = shape.sky ? /** @type {TangentPlane} */ (plane).scale : 1;
  if (shape.kind === "circle") return around(middle, shape.radius / scale, shape.radius / scale, 0);
  const [first, second, angle = 0] = shape.sizes;
  const { north } = shape.sky ? /** @type {TangentPlane} */ (plane).compass(...middle) : { north: [0, 1] };
  const parity = shape.sky ? /** @type {TangentPlane} */ (plane).parity : 1;
  const turn = Math.atan2(north[1], north[0]) - Math.PI / 2 + (parity * angle * Math.PI) / 180;
  if (shape.kind === "ellipse") return around(middle, first / scale, second / scale, turn);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => {
    const [dx, dy] = [(x * first) / scale / 2, (y * second) / scale / 2];
    return /** @type {[number, number]} */ ([middle[0] + dx * cos - dy * sin, middle[1] + dx * sin + dy * cos]);
  });
}

/**
 * @param {[number, number]} middle
 * @param {number} a
 * @param {number} b
 * @param {number} turn
 * @returns {[number, number][]}
 */
function around(middle, a, b, turn) {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return Array.from({ length: CORNERS }, (_, n) => {
    const t = (2 * Math.PI * n) / CORNERS;
    const [dx, dy] = [a * Math.cos(t), b * Math.sin(t)];
    return [middle[0] + dx * cos - dy * sin, middle[1] + dx * sin + dy * cos];
  });
}

/**
 * Write what a hand drew: on the sky where the image has one.
 * @param {"circle" | "polygon" | "point"} kind
 * @param {[number, number][]} points  pixels: corners, or the middle and a point of the circle
 * @param {TangentPlane | null} plane
 * @returns {string}
 */
export function writeShape(kind, points, plane) {
  const places = plane ? points.map((point) => plane.toSky(...point)) : points.map(([x, y]) => [x + 1, y + 1]);
  const digits = plane ? 8 : 3;
  /** @param {number[]} place */
  const words = (place) => place.map((value) => Number(value.toFixed(digits))).join(",");
  const frame = plane ? "icrs" : "image";
  if (kind === "polygon") return `${frame};polygon(${places.map(words).join(",")})`;
  if (kind === "point") return `${frame};point(${words(places[0])})`;
  const radius = Math.hypot(points[1][0] - points[0][0], points[1][1] - points[0][1]);
  const long = plane ? `${Number((radius * plane.scale * 3600).toFixed(4))}"` : Number(radius.toFixed(3));
  return `${frame};circle(${words(places[0])},${long})`;
}
