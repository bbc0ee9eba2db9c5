// @ts-check
/** The samples of a channel as columns, with handles at the values that become black and white. */

import { el, number } from "./dom.js";

const KEY_STEP = 0.01;

/** @typedef {{sky: number, softening: number}} Companding */

export class Histogram {
  /**
   * @param {any} channel  what the server says of it
   * @param {(limits: {low?: number, high?: number}, done: boolean) => void} changed
   */
  constructor(channel, changed) {
    this.channel = channel;
    this.changed = changed;
    this.low = 0;
    this.high = 1;
    this.colour = "#888";
    this.canvas = el("canvas", { class: "columns", "aria-hidden": "true" });
    this.handles = {
      low: this.handle("low", "value that becomes black"),
      high: this.handle("high", "value that becomes white"),
    };
    this.element = el("div", { class: "histogram" }, this.canvas, this.handles.low, this.handles.high);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /**
   * @param {"low" | "high"} end
   * @param {string} label
   */
  handle(end, label) {
    const grip = el("div", {
      class: `grip ${end}`, role: "slider", tabindex: "0", "aria-label": `${this.channel.label}: ${label}`,
    });
    grip.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      grip.setPointerCapture(event.pointerId);
      event.stopPropagation();
    });
    grip.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (!grip.hasPointerCapture(event.pointerId)) return;
      const frame = this.canvas.getBoundingClientRect();
      this.move(end, (event.clientX - frame.left) / frame.width, false);
    });
    grip.addEventListener("pointerup", () => this.changed({ [end]: this[end] }, true));
    grip.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const step = { ArrowLeft: -KEY_STEP, ArrowRight: KEY_STEP }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      this.move(end, this.share(this[end]) + step * (event.shiftKey ? 5 : 1), true);
    });
    return grip;
  }

  /**
   * @param {"low" | "high"} end
   * @param {number} share  of the width
   * @param {boolean} done
   */
  move(end, share, done) {
    const value = this.value(Math.max(-0.05, Math.min(1.05, share)));
    if (end === "low" ? value >= this.high : value <= this.low) return;
    this[end] = Number(value.toPrecision(5));
    this.draw();
    this.changed({ [end]: this[end] }, done);
  }

  /**
   * @param {number} share  of the width
   * @returns {number}
   */
  value(share) {
    const { first, last } = this.channel.histogram;
    const { sky, softening } = this.channel.companding;
    return sky + softening * Math.sinh(first + share * (last - first));
  }

  /**
   * @param {number} value
   * @returns {number} share of the width
   */
  share(value) {
    const { first, last } = this.channel.histogram;
    const { sky, softening } = this.channel.companding;
    return (Math.asinh((value - sky) / softening) - first) / (last - first || 1);
  }

  /**
   * @param {number} low
   * @param {number} high
   * @param {string} colour
   */
  set(low, high, colour) {
    [this.low, this.high, this.colour] = [low, high, colour];
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const density = window.devicePixelRatio;
    canvas.width = Math.max(1, canvas.clientWidth * density);
    canvas.height = Math.max(1, canvas.clientHeight * density);
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const counts = this.channel.histogram.counts.map((/** @type {number} */ n) => Math.log1p(n));
    const most = Math.max(...counts, 1);
    const [low, high] = [this.share(this.low), this.share(this.high)];
    const style = getComputedStyle(canvas);
    const area = new Path2D();
    area.moveTo(0, canvas.height);
    counts.forEach((/** @type {number} */ count, /** @type {number} */ bin) => {
      const top = canvas.height * (1 - count / most);
      area.lineTo((bin / counts.length) * canvas.width, top);
      area.lineTo(((bin + 1) / counts.length) * canvas.width, top);
    });
    area.lineTo(canvas.width, canvas.height);
    pen.globalAlpha = 0.3;
    pen.fillStyle = style.color;
    pen.fill(area);
    pen.beginPath();
    pen.rect(low * canvas.width, 0, (high - low) * canvas.width, canvas.height);
    pen.clip();
    pen.globalAlpha = 1;
    pen.fillStyle = this.colour;
    pen.fill(area);
    pen.strokeStyle = style.color;
    pen.globalAlpha = 0.5;
    pen.stroke(area);
    for (const end of /** @type {("low" | "high")[]} */ (["low", "high"])) {
      const share = Math.max(0, Math.min(1, end === "low" ? low : high));
      this.handles[end].style.left = `${100 * share}%`;
      this.handles[end].setAttribute("aria-valuenow", String(this[end]));
      this.handles[end].setAttribute("aria-valuetext", `${number(this[end])} ${this.channel.unit}`);
      this.handles[end].title = `${number(this[end])} ${this.channel.unit}`;
    }
  }
}
