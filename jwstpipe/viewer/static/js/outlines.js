// @ts-check
/** Footprints over the picture: the exposures that an image was made of, or the image itself. */

import { get } from "./api.js";
import { say } from "./dom.js";
import { trace } from "./regions.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./overlay.js").Overlay} Overlay */

/** Names stand at their outlines as long as they can be told apart. */
const MOST_NAMED = 12;
const COLOURS = ["#9ad0ff", "#ffd27a", "#a6e8b8", "#ffb3a8", "#d9b8ff", "#f4f1a0"];

export class Outlines {
  /**
   * @param {Model} model
   * @param {Overlay} overlay
   */
  constructor(model, overlay) {
    this.model = model;
    this.overlay = overlay;
    /** @type {{name: string, outline: [number, number][], image: number}[] | null} */
    this.found = null;
    this.asked = false;
    overlay.more.push((pen, place) => this.draw(pen, place));
    model.addEventListener("opened", () => {
      this.found = null;
      this.asked = false;
    });
  }

  async ask() {
    this.asked = true;
    const { facts } = this.model;
    try {
      const told = await Promise.all(facts.channels.map((/** @type {any} */ _, /** @type {number} */ image) =>
        get(`api/footprints/${facts.id}/${image}`)));
      this.found = told.flatMap((one, image) => one.outlines.map((/** @type {any} */ outline) => ({ ...outline, image })));
      for (const note of new Set(told.map((one) => one.note).filter(Boolean))) say(String(note));
    } catch (error) {
      say(/** @type {Error} */ (error).message, "fault");
    }
    this.overlay.draw();
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {(x: number, y: number) => [number, number]} place
   */
  draw(pen, place) {
    const { state, plane, look } = this.model;
    if (!plane || !state.overlays.includes("footprints")) return;
    if (!this.asked) this.ask();
    const shown = (this.found || []).filter(({ image }) => !look || look.order.includes(image));
    for (const { name, outline, image } of shown) {
      const corners = outline.map(([ra, dec]) => plane.toPixel(ra, dec));
      if (corners.some((corner) => !corner)) continue;
      const points = /** @type {[number, number][]} */ (corners).map((corner) => place(...corner));
      trace(pen, points, COLOURS[image % COLOURS.length], true);
      if (shown.length <= MOST_NAMED) this.overlay.text(name, points[0][0] + 6, points[0][1] - 6);
    }
  }
}
