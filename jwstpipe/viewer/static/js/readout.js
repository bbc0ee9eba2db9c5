// @ts-check
/** What is under the pointer: position on the sky, values of every plane of every image, flags in words. */

import { get } from "./api.js";
import { byId, el, number } from "./dom.js";
import { TILE } from "./viewport.js";
import { degrees, hours } from "./wcs.js";

/** @typedef {import("./model.js").Model} Model */

const STILL_MS = 50;

export class Readout {
  /**
   * @param {Model} model
   * @param {HTMLElement} surface
   */
  constructor(model, surface) {
    this.model = model;
    this.place = byId("place");
    this.values = byId("values");
    this.timer = 0;
    this.leaving = new AbortController();
    /** The pixel under the pointer, and what the server says of it; tests read them. */
    this.pixel = /** @type {[number, number] | null} */ (null);
    this.exact = /** @type {any[] | null} */ (null);
    surface.addEventListener("pointermove", (event) => this.point(event.offsetX, event.offsetY));
    surface.addEventListener("pointerleave", () => this.leave());
    model.addEventListener("opened", () => this.leave());
  }

  leave() {
    this.leaving.abort();
    this.pixel = null;
    this.exact = null;
    this.place.textContent = "";
    this.values.replaceChildren();
  }

  /**
   * @param {number} left
   * @param {number} top  pixels of the page
   */
  point(left, top) {
    const { stage, plane, facts } = this.model;
    if (!facts) return;
    const density = stage.canvas.width / stage.canvas.clientWidth;
    const [u, v] = stage.view.toImage(left * density, top * density);
    const x = Math.floor(u);
    const y = Math.floor(v);
    this.leaving.abort();
    clearTimeout(this.timer);
    this.exact = null;
    if (x < 0 || y < 0 || x >= facts.shape[1] || y >= facts.shape[0]) {
      this.leave();
      return;
    }
    this.pixel = /** @type {[number, number]} */ ([x, y]);
    const words = [`x ${x}  y ${y}`];
    if (plane) {
      const [ra, dec] = plane.toSky(u - 0.5, v - 0.5);
      words.unshift(`${hours(ra)} ${degrees(dec)}`);
      this.place.title = `${ra.toFixed(7)} ${dec.toFixed(7)} degrees${facts.sky.exact ? "" : ", about"}`;
    }
    this.place.textContent = words.join("   ");
    this.tell(this.about(x, y));
    this.timer = window.setTimeout(() => this.ask(x, y), STILL_MS);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {(number | null)[]} values of each image, from the tile that is here
   */
  about(x, y) {
    const { stage, facts } = this.model;
    for (let level = stage.view.level; level < stage.view.levels; level++) {
      const [column, row] = [x >> level, y >> level];
      const tile = stage.tiles?.get([level, Math.floor(row / TILE), Math.floor(column / TILE)]);
      if (!tile) continue;
      const within = (row % TILE) * TILE + (column % TILE);
      return facts.channels.map((/** @type {any} */ channel, /** @type {number} */ n) => {
        const sample = tile.samples[n * TILE * TILE + within];
        const { sky, softening, first, last } = channel.companding;
        return sample ? sky + softening * Math.sinh(first + ((sample - 1) * (last - first)) / 65534) : null;
      });
    }
    return facts.channels.map(() => null);
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  async ask(x, y) {
    this.leaving = new AbortController();
    const { facts, state } = this.model;
    try {
      const found = await get(`api/values/${facts.id}/${x},${y}?slice=${state.slice}`, this.leaving.signal);
      this.exact = found;
      this.tell(found.map((/** @type {any} */ one) => one.values.sci), found);
    } catch (error) {
      this.model.failed(/** @type {Error} */ (error));
    }
  }

  /**
   * @param {(number | null)[]} values
   * @param {any[]} [facts]
   */
  tell(values, facts) {
    const { channels } = this.model.facts;
    this.values.classList.toggle("exact", Boolean(facts));
    this.values.replaceChildren(...values.map((value, n) => {
      const one = facts?.[n];
      const more = one ? this.planes(one) : "";
      const colour = this.model.look?.channels[n].colour;
      return el(
        "span", { class: "value", title: [channels[n].name, more].filter(Boolean).join("\n") },
        el("i", { style: colour ? `background:${colour}` : "" }), el("b", {}, channels[n].label),
        ` ${number(value)} `, el("small", {}, value === null ? "" : channels[n].unit),
        one?.flags.length ? el("em", {}, one.flags.join(" ")) : null,
      );
    }));
  }

  /** @param {any} one */
  planes(one) {
    const rest = Object.entries(one.values).filter(([plane]) => plane !== "sci" && plane !== "dq");
    return rest.map(([plane, value]) => `${plane} ${number(/** @type {number} */ (value))}`).join("   ");
  }
}
