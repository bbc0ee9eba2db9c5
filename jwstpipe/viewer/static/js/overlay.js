// @ts-check
/** What is drawn over the picture: grid, compass, scale bar. */

import { angle, degrees, hours } from "./wcs.js";

/** @typedef {import("./model.js").Model} Model */

/** Steps of grid lines and scale bars, degrees. */
const STEPS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30].map((n) => n / 3600), ...[1, 2, 5, 10, 20, 30].map((n) => n / 60),
  1, 2, 5, 10, 20, 30, 45,
];
const LINES = 6;
const POINTS = 60;
const BAR = 160;

export class Overlay {
  /**
   * @param {Model} model
   * @param {HTMLCanvasElement} canvas
   */
  constructor(model, canvas) {
    this.model = model;
    this.canvas = canvas;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    /** More that others draw, in the order in which they came. */
    this.more = /** @type {((pen: CanvasRenderingContext2D, place: (x: number, y: number) => [number, number]) => void)[]} */ ([]);
    model.stage.addEventListener("drawn", () => this.draw());
  }

  /** @param {string[]} names  shown together; hidden when all of them are */
  toggle(names) {
    const { state } = this.model;
    const all = names.every((name) => state.overlays.includes(name));
    const rest = state.overlays.filter((name) => !names.includes(name));
    state.overlays = all ? rest : [...rest, ...names];
    this.model.writeLink();
    this.draw();
  }

  draw() {
    const { canvas, pen, model } = this;
    const { stage, state, plane } = model;
    const density = window.devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
      [canvas.width, canvas.height] = [Math.round(width * density), Math.round(height * density)];
    }
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!model.facts) return;
    const share = width / stage.canvas.width;
    /** @type {(x: number, y: number) => [number, number]} */
    const place = (x, y) => {
      const [left, top] = stage.view.toScreen(x + 0.5, y + 0.5);
      return [left * share, top * share];
    };
    pen.font = "12px system-ui, sans-serif";
    pen.lineWidth = 1;
    if (plane && state.overlays.includes("grid")) this.drawGrid(place, width, height);
    for (const draw of this.more) draw(pen, place);
    if (plane && state.overlays.includes("compass")) this.drawCompass(place, width);
    if (plane && state.overlays.includes("scalebar")) this.drawBar(share, height);
  }

  /**
   * @param {(x: number, y: number) => [number, number]} place
   * @param {number} width
   * @param {number} height
   */
  drawGrid(place, width, height) {
    const { stage, plane } = this.model;
    if (!plane) return;
    const corners = [[0, 0], [0.5, 0], [1, 0], [0, 0.5], [1, 0.5], [0, 1], [0.5, 1], [1, 1]].map(([x, y]) => {
      const [u, v] = stage.view.toImage(x * stage.view.width, y * stage.view.height);
      return plane.toSky(u - 0.5, v - 0.5);
    });
    const middle = plane.toSky(stage.view.u - 0.5, stage.view.v - 0.5);
    const turns = corners.map(([ra]) => ((((ra - middle[0] + 180) % 360) + 360) % 360) - 180);
    const decs = corners.map(([, dec]) => dec);
    const [low, high] = [Math.min(...decs), Math.max(...decs)];
    const [west, east] = [Math.min(...turns), Math.max(...turns)];
    const step = chosen((high - low) / LINES);
    const shrink = Math.max(Math.cos((middle[1] * Math.PI) / 180), 0.01);
    const across = chosen(((east - west) * shrink) / LINES / 15 / 1) * 15;
    const wide = across / shrink > 15 ? 15 : nice(across / shrink / 15) * 15;
    for (let dec = Math.ceil(low / step) * step; dec <= high; dec += step) {
      this.line(place, (n) => [middle[0] + west + n * (east - west), dec], degrees(dec, step < 1 / 600 ? 1 : 0), [4, null], width, height);
    }
    for (let ra = Math.ceil((middle[0] + west) / wide) * wide; ra <= middle[0] + east; ra += wide) {
      this.line(place, (n) => [ra, low + n * (high - low)], hours(((ra % 360) + 360) % 360, wide < 1 / 60 ? 2 : 0), [null, height - 38], width, height);
    }
  }

  /**
   * @param {(x: number, y: number) => [number, number]} place
   * @param {(n: number) => [number, number]} at
   * @param {string} label
   * @param {[number | null, number | null]} edge  where the label stands
   * @param {number} width
   * @param {number} height
   */
  line(place, at, label, edge, width, height) {
    const { pen } = this;
    const plane = /** @type {import("./wcs.js").TangentPlane} */ (this.model.plane);
    pen.beginPath();
    /** @type {[number, number] | null} */
    let named = null;
    for (let n = 0; n <= POINTS; n++) {
      const pixel = plane.toPixel(...at(n / POINTS));
      if (!pixel) continue;
      const [x, y] = place(...pixel);
      pen.lineTo(x, y);
      const near = edge[0] === null ? Math.abs(y - Number(edge[1])) : Math.abs(x - edge[0]);
      const seen = x >= -2 && y >= -2 && x <= width + 2 && y <= height + 2;
      const best = named && (edge[0] === null ? Math.abs(named[1] - Number(edge[1])) : Math.abs(named[0] - edge[0]));
      if (seen && (best === null || near < best)) named = [x, y];
    }
    pen.strokeStyle = "rgb(150 190 235 / 45%)";
    pen.stroke();
    if (!named) return;
    const most = width - pen.measureText(label).width - 4; // what is cut says nothing
    const [x, y] = [edge[0] ?? Math.min(named[0] + 4, most), edge[1] ?? named[1] - 4];
    if (edge[0] === null || !this.underBar(y, height)) this.text(label, x, y);
  }

  /**
   * @param {number} y  of words at the left edge
   * @param {number} height
   * @returns {boolean} the scale bar stands there
   */
  underBar(y, height) {
    return this.model.state.overlays.includes("scalebar") && y > height - 88 && y < height - 46;
  }

  /**
   * @param {string} words
   * @param {number} x
   * @param {number} y
   */
  text(words, x, y) {
    const { pen } = this;
    pen.lineJoin = "round";
    pen.lineWidth = 3;
    pen.strokeStyle = "rgb(0 0 0 / 75%)";
    pen.strokeText(words, x, y);
    pen.lineWidth = 1;
    pen.fillStyle = "#e8f0fa";
    pen.fillText(words, x, y);
  }

  /**
   * @param {(x: number, y: number) => [number, number]} place
   * @param {number} width
   */
  drawCompass(place, width) {
    const { stage, plane } = this.model;
    if (!plane) return;
    const [x, y] = [stage.view.u - 0.5, stage.view.v - 0.5];
    const { north, east } = plane.compass(x, y);
    const [left, top] = place(x, y);
    const centre = [width - 56, 60];
    for (const [name, way] of /** @type {[string, [number, number]][]} */ ([["N", north], ["E", east]])) {
      const far = 1000 / stage.view.scale;
      const tip = place(x + way[0] * far, y + way[1] * far);
      const length = Math.hypot(tip[0] - left, tip[1] - top) || 1;
      const [dx, dy] = [(34 * (tip[0] - left)) / length, (34 * (tip[1] - top)) / length];
      this.pen.strokeStyle = "rgb(0 0 0 / 70%)";
      this.pen.lineWidth = 4;
      this.stroke(centre, dx, dy);
      this.pen.strokeStyle = name === "N" ? "#ffd27a" : "#e8f0fa";
      this.pen.lineWidth = 2;
      this.stroke(centre, dx, dy);
      this.text(name, centre[0] + dx * 1.35 - 4, centre[1] + dy * 1.35 + 4);
    }
  }

  /**
   * @param {number[]} from
   * @param {number} dx
   * @param {number} dy
   */
  stroke(from, dx, dy) {
    this.pen.beginPath();
    this.pen.moveTo(from[0], from[1]);
    this.pen.lineTo(from[0] + dx, from[1] + dy);
    this.pen.stroke();
  }

  /**
   * @param {number} share  pixels of the page for a device pixel
   * @param {number} height
   */
  drawBar(share, height) {
    const { stage, plane } = this.model;
    if (!plane) return;
    const perPixel = plane.scale / (stage.view.scale * share);
    const fitting = STEPS.filter((step) => step / perPixel <= BAR);
    const step = fitting[fitting.length - 1] ?? STEPS[0];
    const long = step / perPixel;
    if (long < 20) return;
    const [x, y] = [16, height - 62];
    for (const [style, wide] of /** @type {[string, number][]} */ ([["rgb(0 0 0 / 70%)", 5], ["#e8f0fa", 2]])) {
      this.pen.strokeStyle = style;
      this.pen.lineWidth = wide;
      this.stroke([x, y], long, 0);
      this.stroke([x, y - 4], 0, 8);
      this.stroke([x + long, y - 4], 0, 8);
    }
    this.text(angle(step), x, y - 9);
  }
}

/**
 * @param {number} wanted
 * @returns {number} the step that is nearest above
 */
function chosen(wanted) {
  return STEPS.find((step) => step >= wanted) ?? 45;
}

/**
 * @param {number} wanted  in hours
 * @returns {number} a step of time that people count in, hours
 */
function nice(wanted) {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30].map((n) => n / 3600)
    .concat([1, 2, 5, 10, 20, 30].map((n) => n / 60), [1]);
  return steps.find((step) => step >= wanted * 0.75) ?? 1;
}
