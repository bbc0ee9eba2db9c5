// @ts-check
/** Tiles: fetched in the order in which they are needed, kept as textures, forgotten when others are looked at. */

import { ask } from "./api.js";
import { TILE } from "./viewport.js";

const AT_ONCE = 6;
/** Bytes in a second. */
const SLOW = 1.5e6;
const HERE = ["127.0.0.1", "localhost", "[::1]"];
const connection = /** @type {any} */ (navigator).connection;
const KEPT = 400;

/**
 * @typedef {{samples: WebGLTexture, quarters: WebGLTexture}} Textures
 * @typedef {{textures: Textures, samples: Uint16Array, quarters: Uint8Array, holes: boolean, filled: boolean,
 *   asked?: boolean}} Tile
 * @typedef {[number, number, number]} Place  level, row, column
 */

export class TileStore {
  /**
   * @param {string} set
   * @param {number} images
   * @param {(samples: Uint16Array, quarters: Uint8Array) => Textures} upload
   * @param {(texture: WebGLTexture) => void} release
   * @param {() => void} changed  something came that may be drawn
   * @param {(error: Error) => void} failed
   */
  constructor(set, images, upload, release, changed, failed) {
    this.set = set;
    this.images = images;
    this.upload = upload;
    this.release = release;
    this.changed = changed;
    this.failed = failed;
    /** @type {Map<string, Tile>} */
    this.kept = new Map();
    /** @type {Map<string, AbortController>} */
    this.coming = new Map();
    /** @type {Place[]} */
    this.wanted = [];
    this.fetched = 0;
    /** What is asked for while the view moves: on slow lines the upper bits alone. */
    this.form = /** @type {"plain" | "quick"} */ (connection?.saveData ? "quick" : "plain");
    /** Bytes in a second, of the last tiles. */
    this.speed = 0;
    this.closed = false;
  }

  /**
   * @param {Place} place
   * @returns {string}
   */
  static key(place) {
    return place.join("/");
  }

  /**
   * @param {Place} place
   * @returns {Tile | undefined}
   */
  get(place) {
    const key = TileStore.key(place);
    const tile = this.kept.get(key);
    if (tile) {
      this.kept.delete(key);
      this.kept.set(key, tile);
    }
    return tile;
  }

  /**
   * Ask for tiles, the most needed first; what is on its way and not among them is let go.
   * @param {Place[]} places
   */
  want(places) {
    this.wanted = places;
    const keys = new Set(places.map(TileStore.key));
    for (const [key, controller] of this.coming) {
      if (!keys.has(key)) controller.abort();
    }
    this.next();
  }

  /** @returns {boolean} everything that was asked for is here */
  get complete() {
    return this.wanted.every((place) => this.kept.has(TileStore.key(place)));
  }

  /**
   * Ask for the filled forms of tiles that have holes; one after another.
   * @param {Place[]} places
   */
  async fill(places) {
    for (const place of places) {
      const tile = this.kept.get(TileStore.key(place));
      if (tile?.holes && !tile.filled && !tile.asked && !this.closed && this.coming.size === 0) {
        tile.asked = true;
        await this.load(place, "filled").catch(() => (tile.asked = false));
      }
    }
  }

  next() {
    for (const place of this.wanted) {
      if (this.coming.size >= AT_ONCE || this.closed) return;
      const key = TileStore.key(place);
      if (this.kept.has(key) || this.coming.has(key)) continue;
      const controller = new AbortController();
      this.coming.set(key, controller);
      this.load(place, this.form, controller.signal)
        .catch((error) => {
          if (error.name !== "AbortError") this.failed(error);
        })
        .finally(() => {
          this.coming.delete(key);
          if (!this.closed) this.next();
        });
    }
  }

  /**
   * @param {Place} place
   * @param {"plain" | "filled" | "quick"} form
   * @param {AbortSignal} [signal]
   */
  async load(place, form, signal) {
    const answer = await ask(`tile/${this.set}/${form}/${TileStore.key(place)}`, { signal });
    const before = performance.now();
    const content = await answer.arrayBuffer();
    if (form === "plain") this.measure(content.byteLength, performance.now() - before);
    const { samples, quarters } = form === "quick" ? this.widened(content) : this.parted(content);
    this.fetched++;
    if (this.closed) return;
    const key = TileStore.key(place);
    const older = this.kept.get(key);
    const filled = form === "filled";
    const tile = { textures: this.upload(samples, quarters), samples, quarters, holes: answer.headers.get("x-holes") === "1", filled };
    this.kept.set(key, tile);
    if (older) this.forget(older);
    for (const [oldest, gone] of this.kept) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
      this.forget(gone);
    }
    this.changed();
  }

  /** @param {ArrayBuffer} content */
  parted(content) {
    const samples = new Uint16Array(content, 0, this.images * TILE * TILE);
    return { samples, quarters: new Uint8Array(content, samples.byteLength) };
  }

  /** @param {ArrayBuffer} content  upper bits of the samples */
  widened(content) {
    const samples = Uint16Array.from(new Uint8Array(content), (upper) => (upper ? (upper << 8) | 128 : 0));
    return { samples, quarters: new Uint8Array(Math.ceil(this.images / 4) * TILE * TILE) };
  }

  /**
   * A line is slow when the body of a tile takes long to come; on this machine it never is.
   * @param {number} bytes
   * @param {number} milliseconds
   */
  measure(bytes, milliseconds) {
    const now = (1000 * bytes) / Math.max(1, milliseconds);
    this.speed = this.speed ? 0.7 * this.speed + 0.3 * now : now;
    if (this.fetched >= 4 && this.speed < SLOW && !HERE.includes(location.hostname)) this.form = "quick";
  }

  /** @param {Tile} tile */
  forget(tile) {
    for (const texture of Object.values(tile.textures)) this.release(texture);
  }

  /** Make the textures anew, after the context was lost. */
  rebuild() {
    for (const tile of this.kept.values()) tile.textures = this.upload(tile.samples, tile.quarters);
  }

  close() {
    this.closed = true;
    for (const controller of this.coming.values()) controller.abort();
    for (const tile of this.kept.values()) this.forget(tile);
    this.kept.clear();
  }
}
