// @ts-check
/** What is known of one pixel: every plane, and the exposures that made it. */

import { get } from "./api.js";
import { byId, el, number } from "./dom.js";
import { formatLink, emptyState } from "./link.js";
import { degrees, hours } from "./wcs.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./overlay.js").Overlay} Overlay */

export class PixelPanel {
  /**
   * @param {Model} model
   * @param {Overlay} overlay
   */
  constructor(model, overlay) {
    this.model = model;
    this.overlay = overlay;
    /** @type {[number, number] | null} */
    this.pixel = null;
    /** What the server said last; tests read it. */
    this.facts = /** @type {any} */ (null);
    this.sheet = byId("sheet-pixel");
    overlay.more.push((pen, place) => this.draw(pen, place));
    model.addEventListener("opened", () => this.clear());
  }

  clear() {
    this.pixel = null;
    this.sheet.replaceChildren(el("p", { class: "hint" }, "Click a pixel of the picture: its values, and where it came from."));
  }

  /**
   * @param {number} x  device pixels of the canvas
   * @param {number} y
   */
  async tap(x, y) {
    const { stage, facts, look } = this.model;
    const [u, v] = stage.view.toImage(x, y);
    const pixel = /** @type {[number, number]} */ ([Math.floor(u), Math.floor(v)]);
    if (pixel[0] < 0 || pixel[1] < 0 || pixel[0] >= facts.shape[1] || pixel[1] >= facts.shape[0]) return;
    this.pixel = pixel;
    this.facts = null;
    this.overlay.draw();
    this.sheet.replaceChildren(el("p", { class: "hint" }, "asking …"));
    try {
      const found = await Promise.all(look.order.map(async (/** @type {number} */ n) =>
        ({ n, ...(await get(`api/lineage/${facts.id}/${n}/${pixel.join(",")}`)) })));
      if (this.pixel !== pixel) return;
      this.facts = found;
      this.tell(pixel, found);
    } catch (error) {
      this.sheet.replaceChildren(el("p", { class: "hint" }, /** @type {Error} */ (error).message));
    }
  }

  /**
   * @param {[number, number]} pixel
   * @param {any[]} found
   */
  tell(pixel, found) {
    const { channels } = this.model.facts;
    const { ra, dec } = found[0];
    this.sheet.replaceChildren(
      el("h3", {}, `Pixel ${pixel[0]}, ${pixel[1]}`),
      ra === null ? "" : el("p", { class: "hint" }, `${hours(ra)} ${degrees(dec)}`),
      ...found.map((one) => el(
        "article", { class: "card" },
        el("div", { class: "name" }, channels[one.n].label),
        el("dl", { class: "facts" }, ...Object.entries(one.values).flatMap(([plane, value]) => [
          el("dt", {}, plane),
          el("dd", {}, plane === "dq" ? one.flags.join(" ") || "good" : `${number(/** @type {number} */ (value), 6)} ${
            plane === "sci" || plane === "err" ? one.unit : ""}`),
        ])),
        one.inputs.length
          ? el("details", { open: one.inputs.length < 6 }, el("summary", {}, `${one.inputs.length} exposures made it`),
            el("ul", { class: "inputs" }, ...one.inputs.map((/** @type {any} */ input) => this.input(input, ra, dec))))
          : el("p", { class: "hint" }, one.inputs_note || "no exposure covers it"),
      )),
    );
  }

  /**
   * @param {any} input
   * @param {number} ra
   * @param {number} dec
   */
  input(input, ra, dec) {
    const state = emptyState();
    state.images = [input.product_id];
    state.at = [ra, dec];
    state.fov = this.model.state.fov;
    const told = input.value === null ? input.note : number(input.value, 5);
    const name = input.product_id && !input.note
      ? el("a", { href: `#${formatLink(state)}`, target: "_blank", rel: "noopener", title: "open it at this place" }, input.name)
      : input.name;
    return el("li", {}, name, " ", el("small", {}, told));
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {(x: number, y: number) => [number, number]} place
   */
  draw(pen, place) {
    if (!this.pixel) return;
    const [x, y] = place(...this.pixel);
    pen.strokeStyle = "#ffd27a";
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      pen.moveTo(x + 6 * dx, y + 6 * dy);
      pen.lineTo(x + 14 * dx, y + 14 * dy);
    }
    pen.stroke();
  }
}
