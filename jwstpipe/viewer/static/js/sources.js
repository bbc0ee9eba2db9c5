// @ts-check
/** A catalogue beside the picture: from a row to its place, and from a place to its row. */

import { get } from "./api.js";
import { byId } from "./dom.js";
import { RowsView } from "./rows.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./overlay.js").Overlay} Overlay */

const REACH = 12;

export class SourcePanel {
  /**
   * @param {Model} model
   * @param {Overlay} overlay
   */
  constructor(model, overlay) {
    this.model = model;
    this.overlay = overlay;
    this.named = false;
    this.rows = new RowsView("api/tables/0/rows", { go: (row) => this.go(row) });
    /** @type {[number, number, number][]} row, RA, Dec */
    this.marks = [];
    this.asked = "";
    this.sheet = byId("sheet-sources");
    overlay.more.push((pen, place) => this.draw(pen, place));
    model.stage.addEventListener("settled", () => this.fetchMarks());
  }

  /** @returns {Promise<boolean>} whether the server has a table */
  async open() {
    const found = await get("api/tables");
    if (!found.length) return false;
    this.named = true;
    this.sheet.replaceChildren(this.rows.search, this.rows.body);
    if (!this.model.state.overlays.includes("sources")) this.model.state.overlays.push("sources");
    await this.rows.fetch();
    await this.fetchMarks();
    return true;
  }

  /** @param {{row: number, ra?: number, dec?: number}} row */
  go(row) {
    this.overlay.draw();
    if (row.ra !== undefined && row.dec !== undefined) this.model.goTo(row.ra, row.dec);
  }

  async fetchMarks() {
    const { plane, stage, state, facts } = this.model;
    if (!this.named || !plane || !facts || !state.overlays.includes("sources")) return;
    const { view } = stage;
    const [ra, dec] = plane.toSky(view.u - 0.5, view.v - 0.5);
    const radius = Math.min(90, (0.55 * Math.hypot(view.width, view.height) * plane.scale) / view.scale);
    const query = new URLSearchParams({ ra: String(ra), dec: String(dec), radius: String(radius) });
    if (this.asked === query.toString()) return;
    this.asked = query.toString();
    this.marks = (await get(`api/tables/0/marks?${query}`)).marks;
    this.model.marked = this.marks.map(([, right, up]) => [right, up]);
    this.overlay.draw();
  }

  /**
   * Choose the source at a place of the screen.
   * @param {number} x  device pixels of the canvas
   * @param {number} y
   * @returns {boolean} there is one
   */
  tap(x, y) {
    const { plane, stage, state } = this.model;
    if (!plane || !state.overlays.includes("sources")) return false;
    let [best, far] = [-1, REACH * window.devicePixelRatio];
    for (const [row, ra, dec] of this.marks) {
      const pixel = plane.toPixel(ra, dec);
      if (!pixel) continue;
      const [left, top] = stage.view.toScreen(pixel[0] + 0.5, pixel[1] + 0.5);
      const away = Math.hypot(left - x, top - y);
      if (away < far) [best, far] = [row, away];
    }
    if (best < 0) return false;
    this.rows.mark(best);
    const shown = this.rows.body.querySelector(`tr[data-row="${best}"]`);
    if (shown) shown.scrollIntoView({ block: "nearest" });
    else this.rows.find(String(best));
    this.overlay.draw();
    return true;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {(x: number, y: number) => [number, number]} place
   */
  draw(pen, place) {
    const { plane, state } = this.model;
    if (!plane || !state.overlays.includes("sources")) return;
    for (const [row, ra, dec] of this.marks) {
      const pixel = plane.toPixel(ra, dec);
      if (!pixel) continue;
      const [x, y] = place(...pixel);
      pen.strokeStyle = row === this.rows.chosen ? "#ffd27a" : "rgb(127 227 192 / 85%)";
      pen.lineWidth = row === this.rows.chosen ? 2.5 : 1.25;
      pen.beginPath();
      pen.arc(x, y, row === this.rows.chosen ? 10 : 7, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
}
