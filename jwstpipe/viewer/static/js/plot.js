// @ts-check
/** A plot of curves: axes, gaps, a band of errors, marks; a part is chosen by hand, wheel or keys. */

import { el, number } from "./dom.js";

/**
 * @typedef {{x: number[], low: (number | null)[], high: (number | null)[], below?: (number | null)[] | null,
 *   above?: (number | null)[] | null}} Curve
 * @typedef {{at: number, text: string}} Mark
 */

const LEFT = 74;
const BOTTOM = 40;
const TOP = 22;
const RIGHT = 14;
const LEAST = 1e-6;

export class Plot {
  /**
   * @param {{label: string, x: string, y: string, reach: [number, number], moved: () => void, hover?: (x: number) => void,
   *   chosen?: (x: number) => void}} options  `reach`: all there is; `moved`: other ends are shown
   */
  constructor({ label, x, y, reach, moved, hover, chosen }) {
    this.names = { x, y };
    this.reach = reach;
    this.ends = /** @type {[number, number]} */ ([...reach]);
    this.moved = moved;
    /** @type {Curve[]} */
    this.curves = [];
    /** @type {Mark[]} */
    this.marks = [];
    /** Where a line stands, as of the slice that is shown. */
    this.line = /** @type {number | null} */ (null);
    this.under = /** @type {number | null} */ (null);
    this.drag = /** @type {number | null} */ (null);
    this.canvas = el("canvas", { class: "plot", tabindex: "0", role: "img",
      "aria-label": `${label}; arrow keys move, plus and minus zoom, 0 shows all` });
    this.told = el("output", { class: "hint" }, "");
    this.element = el("figure", { class: "plotted" }, this.canvas, this.told);
    new ResizeObserver(() => {
      this.draw();
      moved();
    }).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.canvas.isConnected && this.draw());
    this.listen(hover, chosen);
  }

  /**
   * @param {((x: number) => void) | undefined} hover
   * @param {((x: number) => void) | undefined} chosen
   */
  listen(hover, chosen) {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      canvas.setPointerCapture(event.pointerId);
      this.drag = this.valueAt(event.offsetX);
    });
    canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      this.under = this.valueAt(event.offsetX);
      hover?.(this.under);
      this.draw();
    });
    canvas.addEventListener("pointerleave", () => {
      this.under = null;
      this.draw();
    });
    canvas.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => {
      const from = this.drag;
      const to = this.valueAt(event.offsetX);
      this.drag = null;
      if (from === null) return;
      if (Math.abs(this.placeOf(from) - this.placeOf(to)) < 5) chosen?.(to);
      else this.show(Math.min(from, to), Math.max(from, to));
    });
    canvas.addEventListener("dblclick", () => this.show(...this.reach));
    canvas.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      this.zoom(2 ** (event.deltaY / 300), this.valueAt(event.offsetX));
    }, { passive: false });
    canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const wide = this.ends[1] - this.ends[0];
      /** @type {Record<string, () => void>} */
      const keys = {
        ArrowLeft: () => this.show(this.ends[0] - 0.2 * wide, this.ends[1] - 0.2 * wide),
        ArrowRight: () => this.show(this.ends[0] + 0.2 * wide, this.ends[1] + 0.2 * wide),
        "+": () => this.zoom(0.5, (this.ends[0] + this.ends[1]) / 2), "-": () => this.zoom(2, (this.ends[0] + this.ends[1]) / 2),
        0: () => this.show(...this.reach),
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    });
  }

  /** @returns {number} columns of the screen that curves have */
  get columns() {
    return Math.max(2, Math.round((this.canvas.clientWidth - LEFT - RIGHT) * window.devicePixelRatio));
  }

  /** @param {number} left  of the canvas, pixels of the page */
  valueAt(left) {
    const wide = Math.max(1, this.canvas.clientWidth - LEFT - RIGHT);
    return this.ends[0] + ((left - LEFT) / wide) * (this.ends[1] - this.ends[0]);
  }

  /** @param {number} value */
  placeOf(value) {
    return LEFT + ((value - this.ends[0]) / (this.ends[1] - this.ends[0])) * (this.canvas.clientWidth - LEFT - RIGHT);
  }

  /**
   * @param {number} factor
   * @param {number} about
   */
  zoom(factor, about) {
    this.show(about + (this.ends[0] - about) * factor, about + (this.ends[1] - about) * factor);
  }

  /**
   * @param {number} first
   * @param {number} last
   */
  show(first, last) {
    const [low, high] = this.reach;
    const wide = Math.min(Math.max(last - first, LEAST * (high - low)), high - low);
    const start = Math.max(low, Math.min(first, high - wide));
    this.ends = /** @type {[number, number]} */ ([start, start + wide]);
    this.draw();
    this.moved();
  }

  /** @param {Curve[]} curves */
  set(curves) {
    this.curves = curves;
    this.draw();
  }

  /** @returns {[number, number]} what the curves reach between the ends, with some room */
  get height() {
    let [low, high] = [Infinity, -Infinity];
    for (const curve of this.curves) {
      curve.x.forEach((x, n) => {
        if (x < this.ends[0] || x > this.ends[1] || curve.low[n] === null) return;
        low = Math.min(low, Number(curve.low[n]));
        high = Math.max(high, Number(curve.high[n]));
      });
    }
    if (!(low <= high)) return [0, 1];
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    return [low - room, high + room];
  }

  draw() {
    const { canvas } = this;
    const density = window.devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    [canvas.width, canvas.height] = [Math.round(width * density), Math.round(height * density)];
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const style = getComputedStyle(canvas);
    const colours = ["--accent", "--curve-2", "--curve-3", "--curve-4", "--curve-5"].map((name) => style.getPropertyValue(name).trim());
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.font = "12px system-ui, sans-serif";
    const [low, high] = this.height;
    /** @param {number} value */
    const across = (value) => this.placeOf(value);
    /** @param {number} value */
    const up = (value) => height - BOTTOM - ((value - low) / (high - low)) * (height - BOTTOM - TOP);
    this.drawAxes(pen, style, width, height, across, up, [low, high]);
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, TOP - 12, width - LEFT - RIGHT, height - BOTTOM - TOP + 12);
    pen.clip();
    this.curves.forEach((curve, n) => drawCurve(pen, curve, colours[n % colours.length] || "#58c", across, up));
    this.drawMarks(pen, style, across, height);
    pen.restore();
    this.tell();
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {CSSStyleDeclaration} style
   * @param {number} width
   * @param {number} height
   * @param {(value: number) => number} across
   * @param {(value: number) => number} up
   * @param {[number, number]} reach  of the samples
   */
  drawAxes(pen, style, width, height, across, up, reach) {
    const soft = style.getPropertyValue("--soft").trim();
    const line = style.getPropertyValue("--line").trim();
    pen.lineWidth = 1;
    pen.fillStyle = soft;
    pen.strokeStyle = line;
    pen.textAlign = "center";
    for (const value of ticks(this.ends, Math.max(2, Math.floor(width / 110)))) {
      const x = Math.round(across(value)) + 0.5;
      segment(pen, x, TOP, x, height - BOTTOM);
      pen.fillText(number(value, 6), x, height - BOTTOM + 16);
    }
    pen.textAlign = "right";
    for (const value of ticks(reach, Math.max(2, Math.floor(height / 60)))) {
      const y = Math.round(up(value)) + 0.5;
      segment(pen, LEFT, y, width - RIGHT, y);
      pen.fillText(number(value, 4), LEFT - 8, y + 4);
    }
    pen.textAlign = "center";
    pen.fillText(this.names.x, LEFT + (width - LEFT - RIGHT) / 2, height - 6);
    pen.textAlign = "left";
    pen.fillText(this.names.y, 6, 12);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {CSSStyleDeclaration} style
   * @param {(value: number) => number} across
   * @param {number} height
   */
  drawMarks(pen, style, across, height) {
    pen.fillStyle = style.getPropertyValue("--ink").trim();
    pen.strokeStyle = style.getPropertyValue("--soft").trim();
    pen.setLineDash([3, 3]);
    const ends = [0, 0, 0]; // of the words in each row: names of near lines stand below one another
    for (const { at, text } of [...this.marks].sort((one, other) => one.at - other.at)) {
      const x = across(at);
      segment(pen, x, TOP, x, height - BOTTOM);
      const row = Math.max(0, ends.findIndex((end) => end < x));
      ends[row] = x + 8 + pen.measureText(text).width;
      pen.fillText(text, x + 3, TOP + 8 + 15 * row);
    }
    pen.setLineDash([]);
    const drag = this.drag;
    for (const at of [this.line, this.under, drag]) {
      if (at === null) continue;
      pen.strokeStyle = style.getPropertyValue(at === this.line ? "--fault" : "--soft").trim();
      segment(pen, across(at), TOP, across(at), height - BOTTOM);
    }
    if (drag !== null && this.under !== null) {
      pen.globalAlpha = 0.15;
      pen.fillRect(across(Math.min(drag, this.under)), TOP, Math.abs(across(drag) - across(this.under)), height - TOP - BOTTOM);
      pen.globalAlpha = 1;
    }
  }

  /** Say what stands under the pointer. */
  tell() {
    const at = this.under;
    if (at === null) {
      this.told.textContent = "Drag over a part to enlarge it; double click shows all.";
      return;
    }
    const words = this.curves.map((curve) => {
      const n = curve.x.reduce((best, x, i) => (Math.abs(x - at) < Math.abs(curve.x[best] - at) ? i : best), 0);
      const [low, high] = [curve.low[n], curve.high[n]];
      return low === high ? number(low, 5) : `${number(low, 4)} to ${number(high, 4)}`;
    });
    this.told.textContent = `${number(at, 6)} ${this.names.x}: ${words.join(" · ")}`;
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Curve} curve
 * @param {string} colour
 * @param {(value: number) => number} across
 * @param {(value: number) => number} up
 */
function drawCurve(pen, curve, colour, across, up) {
  const { x, low, high, below, above } = curve;
  pen.fillStyle = pen.strokeStyle = colour;
  if (below && above) {
    pen.globalAlpha = 0.18;
    for (const [from, to] of runs(below)) {
      pen.beginPath();
      for (let n = from; n < to; n++) pen.lineTo(across(x[n]), up(Number(above[n])));
      for (let n = to - 1; n >= from; n--) pen.lineTo(across(x[n]), up(Number(below[n])));
      pen.fill();
    }
    pen.globalAlpha = 1;
  }
  pen.lineWidth = 1.25;
  pen.lineJoin = "round";
  for (const [from, to] of runs(low)) {
    pen.beginPath();
    for (let n = from; n < to; n++) {
      pen.lineTo(across(x[n]), up(Number(low[n])));
      if (high[n] !== low[n]) pen.lineTo(across(x[n]), up(Number(high[n])));
    }
    if (to - from === 1) pen.arc(across(x[from]), up(Number(low[from])), 1.2, 0, 2 * Math.PI);
    pen.stroke();
  }
}

/**
 * @param {(number | null)[]} values
 * @returns {[number, number][]} beginnings and ends of what stands together
 */
function runs(values) {
  /** @type {[number, number][]} */
  const found = [];
  let from = -1;
  values.forEach((value, n) => {
    if (value !== null && from < 0) from = n;
    if (value === null && from >= 0) {
      found.push([from, n]);
      from = -1;
    }
  });
  if (from >= 0) found.push([from, values.length]);
  return found;
}

/**
 * @param {[number, number]} reach
 * @param {number} most
 * @returns {number[]} round values between the ends
 */
function ticks([low, high], most) {
  const rough = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((one) => one >= rough) || 10 * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.min(50, Math.floor(high / step) - first + 1) }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 */
function segment(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}
