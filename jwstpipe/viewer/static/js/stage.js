// @ts-check
/** The picture: quick tiles while it moves, the renderer's own window when it stands still. */

import { ask } from "./api.js";
import { Painter } from "./gl.js";
import { TileStore } from "./tiles.js";
import { Viewport } from "./viewport.js";

const STILL_MS = 200;
const SLOW_MS = 50;
const MOST_WINDOW = 2 << 20;

/** @typedef {import("./gl.js").Picture & {look: string}} Exact */

export class Stage extends EventTarget {
  /**
   * @param {HTMLCanvasElement} canvas
   * @throws {Error} where there is no WebGL2
   */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.view = new Viewport();
    this.painter = new Painter(canvas);
    /** @type {TileStore | null} */
    this.tiles = null;
    /** @type {any} */
    this.facts = null;
    /** @type {Exact[]} */
    this.pictures = [];
    /** Counts the times that the view came to rest with its exact picture; tests wait for it. */
    this.settled = 0;
    this.compare = { kind: "none", pair: /** @type {[number, number]} */ ([0, 0]), share: 0.5, second: false };
    this.paper = /** @type {[number, number, number]} */ ([0.043, 0.05, 0.06]);
    this.pending = false;
    this.coarse = 1;
    this.slow = false;
    this.timer = 0;
    this.soon = 0;
    /** Milliseconds of the last frame. */
    this.spent = 0;
    /** What the pictures were made for: while it is so, they hide all tiles. */
    this.made = "";
    this.leaving = new AbortController();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.restore());
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  /** Fit the canvas to its place on the screen. */
  resize() {
    if (!this.canvas.clientWidth) return; // another page is shown
    const density = window.devicePixelRatio * this.coarse;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * density));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * density));
    if (width === this.canvas.width && height === this.canvas.height) return;
    this.view.scale *= this.canvas.width > 1 && this.view.width > 1 ? density / (this.density || density) : 1;
    this.density = density;
    [this.canvas.width, this.canvas.height] = [width, height];
    [this.view.width, this.view.height] = [width, height];
    this.changed();
    this.dispatchEvent(new Event("resized"));
  }

  /**
   * Look at other images.
   * @param {any} facts  of the server
   */
  show(facts) {
    this.tiles?.close();
    this.facts = facts;
    [this.view.rows, this.view.columns] = facts.shape;
    this.view.levels = facts.levels;
    this.painter.look = null;
    this.painter.reserve(facts.channels.length);
    this.dropPictures();
    this.tiles = new TileStore(
      facts.id,
      facts.channels.length,
      (samples, quarters) => this.painter.upload(samples, quarters),
      (texture) => this.painter.release(texture),
      () => this.frameSoon(),
      (error) => this.dispatchEvent(new CustomEvent("failed", { detail: error })),
    );
  }

  /** Something is to be drawn otherwise: draw it, and settle when nothing more comes. */
  changed() {
    this.leaving.abort();
    clearTimeout(this.timer);
    this.frame();
    this.fetch();
    this.timer = window.setTimeout(() => this.settle(), STILL_MS);
  }

  /** The view is about to move: a slow machine draws half as fine until it stands. */
  begin() {
    if (this.slow && this.coarse === 1) this.sharpness(0.5);
  }

  /** The view moved: as `changed`, and others are told. */
  moved() {
    this.changed();
    this.dispatchEvent(new Event("moved"));
  }

  /** @param {number} coarse  share of the pixels of the screen that are drawn */
  sharpness(coarse) {
    this.coarse = coarse;
    this.resize();
  }

  /** Ask for the tiles that are seen, then for those around. */
  fetch() {
    if (!this.tiles || !this.painter.look) return;
    const level = this.view.level;
    const wanted = [...this.view.tiles(level), ...this.view.tiles(level, 1)];
    if (level + 1 < this.view.levels) wanted.push(...this.view.tiles(level + 1));
    const known = new Set();
    this.tiles.want(wanted.filter((place) => !known.has(place.join()) && known.add(place.join())));
  }

  /** Something came that may be drawn: at once, or on a slow machine together with what else comes. */
  frameSoon() {
    if (!this.slow) this.frame();
    else if (!this.soon) {
      this.soon = window.setTimeout(() => {
        this.soon = 0;
        this.frame();
      }, Math.min(500, 2 * this.spent));
    }
  }

  /** Draw with the next frame of the screen. */
  frame() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      const before = performance.now();
      this.draw(true);
      if (this.slow) this.painter.gl.finish();
      this.spent = performance.now() - before;
      if (this.spent > SLOW_MS) this.slow = true;
      this.dispatchEvent(new Event("drawn"));
    });
  }

  /** @param {boolean} exact  lay the renderer's pictures over the tiles */
  draw(exact) {
    const { painter, view, tiles, compare } = this;
    painter.clear(this.paper);
    if (!tiles) return;
    if (compare.kind === "none") {
      const hidden = exact && this.pictures.length > 0 && this.made === this.standing;
      if (!hidden) painter.drawTiles(view, tiles, { mode: 0, pair: [0, 0] });
      for (const picture of this.pictures) {
        if (exact && picture.look === painter.look?.id && picture.level === view.level) {
          painter.drawPicture(view, picture);
        }
      }
      return;
    }
    this.drawCompared(tiles);
  }

  /** @param {TileStore} tiles */
  drawCompared(tiles) {
    const { painter, view, compare } = this;
    const [first, second] = compare.pair;
    /** @param {number} one */
    const alone = (one) => ({ mode: 1, pair: /** @type {[number, number]} */ ([one, one]) });
    if (compare.kind === "difference") {
      painter.drawTiles(view, tiles, { mode: 2, pair: [first, second] });
    } else if (compare.kind === "blink") {
      painter.drawTiles(view, tiles, alone(compare.second ? second : first));
    } else if (compare.kind === "opacity") {
      painter.drawTiles(view, tiles, alone(first));
      painter.blend(compare.share);
      painter.drawTiles(view, tiles, alone(second));
      painter.blend(1);
    } else {
      const side = compare.kind === "side";
      const cut = Math.round(view.width * (side ? 0.5 : compare.share));
      const half = Object.assign(new Viewport(), view, side ? { width: cut } : {});
      painter.within(0, cut, side);
      painter.drawTiles(half, tiles, alone(first));
      if (side) half.width = view.width - cut;
      painter.within(cut, view.width - cut, side);
      painter.drawTiles(half, tiles, alone(second));
    }
  }

  /** The view stands still: let the renderer's own window take the place of the tiles. */
  async settle() {
    if (!this.tiles || !this.painter.look) return;
    if (this.coarse !== 1) {
      this.sharpness(1);
      return;
    }
    this.leaving = new AbortController();
    const signal = this.leaving.signal;
    this.dispatchEvent(new Event("settling"));
    try {
      if (this.compare.kind === "none") await this.fetchExact(signal);
      this.settled++;
      this.dispatchEvent(new Event("settled"));
      await this.tiles.fill(this.view.tiles(this.view.level));
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "AbortError") {
        this.dispatchEvent(new CustomEvent("failed", { detail: error }));
      }
    }
  }

  /** @param {AbortSignal} signal */
  async fetchExact(signal) {
    const level = this.view.level;
    const look = this.painter.look.id;
    const found = this.view.window(level);
    if (!found) return;
    const rows = Math.max(1, Math.floor(MOST_WINDOW / (found.x1 - found.x0)));
    /** @type {Exact[]} */
    const made = [];
    for (let y0 = found.y0; y0 < found.y1; y0 += rows) {
      const box = { ...found, y0, y1: Math.min(y0 + rows, found.y1) };
      const texture = await this.exactWindow(look, level, box, signal);
      made.push({ texture, level, box, look });
    }
    this.dropPictures();
    this.pictures = made;
    this.made = this.standing;
    this.draw(true);
    this.dispatchEvent(new Event("drawn"));
  }

  /**
   * @param {string} look
   * @param {number} level
   * @param {{x0: number, y0: number, x1: number, y1: number}} box
   * @param {AbortSignal} signal
   */
  async exactWindow(look, level, box, signal) {
    const place = [box.y0, box.x0, box.y1, box.x1].join(",");
    const answer = await ask(`exact/${look}/${level}/${place}.png`, { signal });
    const plain = { colorSpaceConversion: /** @type {const} */ ("none"), premultiplyAlpha: /** @type {const} */ ("none") };
    const bitmap = await createImageBitmap(await answer.blob(), plain);
    if (signal.aborted) throw new DOMException("left", "AbortError");
    return this.painter.uploadPicture(bitmap);
  }

  /** @returns {string} what is looked at, and from where */
  get standing() {
    const { u, v, scale, rotation, width, height, level } = this.view;
    return [this.painter.look?.id, u, v, scale, rotation, width, height, level].join();
  }

  dropPictures() {
    for (const picture of this.pictures) this.painter.release(picture.texture);
    this.pictures = [];
  }

  /** The graphics context came back: everything that it held is made anew. */
  restore() {
    const look = this.painter.look;
    this.painter.setup();
    this.pictures = [];
    this.tiles?.rebuild();
    this.painter.look = look;
    this.dispatchEvent(new Event("restored"));
    this.changed();
  }

  /**
   * What is on the canvas, drawn and read at once.
   * @param {boolean} exact
   * @returns {{width: number, height: number, data: Uint8Array}} RGBA, the bottom row first
   */
  pixels(exact) {
    const gl = this.painter.gl;
    this.draw(exact);
    const { width, height } = this.canvas;
    const data = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, data);
    return { width, height, data };
  }
}
