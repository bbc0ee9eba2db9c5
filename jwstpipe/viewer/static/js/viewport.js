// @ts-check
/**
 * Where the eye is: from pixels of the images to pixels of the screen and back.
 *
 * Places in an image are (u, v): pixel i covers [i, i + 1), so its centre, which is i for everybody else, is i + 0.5.
 * Rows of the image count from the bottom, those of the screen from the top.
 */

export const TILE = 256;
const MOST_SCALE = 64;

export class Viewport {
  constructor() {
    /** Middle of the view, (u, v). */
    this.u = 0;
    this.v = 0;
    /** Device pixels for a pixel of full resolution. */
    this.scale = 1;
    /** Degrees, clockwise. */
    this.rotation = 0;
    /** Device pixels. */
    this.width = 1;
    this.height = 1;
    /** Rows and columns of the images. */
    this.rows = 1;
    this.columns = 1;
    this.levels = 1;
  }

  /** @returns {number} the coarsest level whose pixel is not larger than one of the screen */
  get level() {
    const level = Math.floor(Math.log2(1 / this.scale) + 1e-9);
    return Math.max(0, Math.min(this.levels - 1, level));
  }

  /** @returns {boolean} pixels of the level are whole pixels of the screen, one or several */
  get even() {
    const size = this.scale * 2 ** this.level;
    return this.rotation % 360 === 0 && Math.abs(size - Math.round(size)) < 1e-9 && size >= 1;
  }

  /** @returns {{u: number, v: number}} the middle; moved by a part of a pixel where that makes pixels fall on pixels */
  get middle() {
    if (!this.even) return { u: this.u, v: this.v };
    const left = Math.round(this.width / 2 - this.u * this.scale);
    const bottom = Math.round(this.height / 2 + this.v * this.scale);
    return { u: (this.width / 2 - left) / this.scale, v: (bottom - this.height / 2) / this.scale };
  }

  /**
   * @param {number} u
   * @param {number} v
   * @returns {[number, number]} device pixels
   */
  toScreen(u, v) {
    const middle = this.middle;
    const angle = (this.rotation * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const dx = (u - middle.u) * this.scale;
    const dy = -(v - middle.v) * this.scale;
    return [this.width / 2 + dx * cos - dy * sin, this.height / 2 + dx * sin + dy * cos];
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]} (u, v)
   */
  toImage(x, y) {
    const middle = this.middle;
    const angle = (this.rotation * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const dx = x - this.width / 2;
    const dy = y - this.height / 2;
    return [middle.u + (dx * cos + dy * sin) / this.scale, middle.v - (-dx * sin + dy * cos) / this.scale];
  }

  /**
   * Move so that a place of the image lies at a place of the screen.
   * @param {number} u
   * @param {number} v
   * @param {number} x
   * @param {number} y
   */
  pin(u, v, x, y) {
    const middle = this.middle;
    const [nowU, nowV] = this.toImage(x, y);
    this.u = middle.u + u - nowU;
    this.v = middle.v + v - nowV;
    this.hold();
  }

  /**
   * Zoom about a place of the screen, which keeps what is under it.
   * @param {number} factor
   * @param {number} x
   * @param {number} y
   */
  zoomAt(factor, x, y) {
    const [u, v] = this.toImage(x, y);
    this.scale = this.bounded(this.scale * factor);
    const power = 2 ** Math.round(Math.log2(this.scale));
    if (Math.abs(this.scale / power - 1) < 0.01) this.scale = power;
    this.pin(u, v, x, y);
  }

  /** @param {number} scale */
  bounded(scale) {
    const least = Math.min(0.5, (0.25 * Math.min(this.width, this.height)) / Math.max(this.rows, this.columns));
    return Math.max(least, Math.min(MOST_SCALE, scale));
  }

  /** Keep the middle on the images. */
  hold() {
    this.u = Math.max(0, Math.min(this.columns, this.u));
    this.v = Math.max(0, Math.min(this.rows, this.v));
  }

  /**
   * Show a window whole.
   * @param {[number, number, number, number]} box  x0, y0, x1, y1, pixels
   */
  fit([x0, y0, x1, y1]) {
    this.u = (x0 + x1) / 2;
    this.v = (y0 + y1) / 2;
    const turned = Math.abs(Math.sin((this.rotation * Math.PI) / 180)) > 0.7;
    const [w, h] = turned ? [y1 - y0, x1 - x0] : [x1 - x0, y1 - y0];
    this.scale = this.bounded(0.96 * Math.min(this.width / w, this.height / h));
  }

  /**
   * What is seen, in pixels of a level, cut off where the images end.
   * @param {number} level
   * @returns {{x0: number, y0: number, x1: number, y1: number} | null}
   */
  window(level) {
    const corners = [[0, 0], [this.width, 0], [0, this.height], [this.width, this.height]]
      .map(([x, y]) => this.toImage(x, y));
    const size = 2 ** level;
    const us = corners.map(([u]) => u / size);
    const vs = corners.map(([, v]) => v / size);
    const x0 = Math.max(0, Math.floor(Math.min(...us) + 1e-6));
    const y0 = Math.max(0, Math.floor(Math.min(...vs) + 1e-6));
    const x1 = Math.min(Math.ceil(this.columns / size), Math.ceil(Math.max(...us) - 1e-6));
    const y1 = Math.min(Math.ceil(this.rows / size), Math.ceil(Math.max(...vs) - 1e-6));
    return x0 < x1 && y0 < y1 ? { x0, y0, x1, y1 } : null;
  }

  /**
   * Tiles of a level that are seen, the middle first, with a rim of so many more.
   * @param {number} level
   * @param {number} [rim]
   * @returns {[number, number, number][]} level, row, column
   */
  tiles(level, rim = 0) {
    const box = this.window(level);
    if (!box) return [];
    const size = TILE * 2 ** level;
    const lastRow = Math.ceil(this.rows / size) - 1;
    const lastColumn = Math.ceil(this.columns / size) - 1;
    /** @type {[number, number, number][]} */
    const found = [];
    for (let y = Math.floor(box.y0 / TILE) - rim; y <= Math.floor((box.y1 - 1) / TILE) + rim; y++) {
      for (let x = Math.floor(box.x0 / TILE) - rim; x <= Math.floor((box.x1 - 1) / TILE) + rim; x++) {
        if (y >= 0 && x >= 0 && y <= lastRow && x <= lastColumn) found.push([level, y, x]);
      }
    }
    /** @param {[number, number, number]} tile */
    const far = ([, y, x]) => Math.hypot((x + 0.5) * size - this.u, (y + 0.5) * size - this.v);
    return found.sort((one, other) => far(one) - far(other));
  }
}
