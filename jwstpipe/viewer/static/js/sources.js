// @ts-check
/** A catalogue beside the picture: from a row to its place, and from a place to its row. */

import { get } from "./api.js";
import { byId, el, number } from "./dom.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./overlay.js").Overlay} Overlay */

const PAGE = 100;
const REACH = 12;

export class SourcePanel {
  /**
   * @param {Model} model
   * @param {Overlay} overlay
   */
  constructor(model, overlay) {
    this.model = model;
    this.overlay = overlay;
    this.start = 0;
    this.sort = "";
    this.descending = false;
    this.text = "";
    this.chosen = -1;
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
    this.body = el("div", { class: "scroll" });
    this.sheet.replaceChildren(
      el("input", {
        type: "search", placeholder: "find in words, or a number of a row", "aria-label": "find sources",
        oninput: (/** @type {any} */ event) => { this.text = event.target.value; this.start = 0; this.fetchPage(); },
      }),
      this.body,
    );
    if (!this.model.state.overlays.includes("sources")) this.model.state.overlays.push("sources");
    await this.fetchPage();
    await this.fetchMarks();
    return true;
  }

  async fetchPage() {
    const query = new URLSearchParams({
      start: String(this.start), count: String(PAGE), sort: this.sort, descending: String(this.descending), text: this.text,
    });
    const page = await get(`api/tables/0/rows?${query}`);
    const last = Math.min(page.total, this.start + PAGE);
    this.body.replaceChildren(
      el("table", {},
        el("thead", {}, el("tr", {}, ...page.columns.map((/** @type {any} */ column) => el(
          "th", { "aria-sort": this.sort === column.name ? (this.descending ? "descending" : "ascending") : "none" },
          el("button", { class: "quiet", onclick: () => this.sortBy(column.name) }, column.name),
          el("small", {}, column.unit),
        )))),
        el("tbody", {}, ...page.rows.map((/** @type {any} */ row) => el(
          "tr", {
            "data-row": row.row, tabindex: "0", class: row.row === this.chosen ? "chosen" : "",
            onclick: () => this.go(row),
            onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && this.go(row),
          },
          ...row.cells.map((/** @type {any} */ cell) => el("td", {}, typeof cell === "number" ? number(cell, 7) : cell ?? "–")),
        )))),
      el("div", { class: "row end" },
        el("span", { class: "hint" }, `${page.total ? this.start + 1 : 0} to ${last} of ${page.total}`),
        el("button", { class: "quiet", disabled: this.start === 0, onclick: () => this.turn(-PAGE) }, "‹ before"),
        el("button", { class: "quiet", disabled: last >= page.total, onclick: () => this.turn(PAGE) }, "next ›")),
    );
  }

  /** @param {number} rows */
  turn(rows) {
    this.start = Math.max(0, this.start + rows);
    this.fetchPage();
  }

  /** @param {string} column */
  sortBy(column) {
    this.descending = this.sort === column && !this.descending;
    this.sort = column;
    this.start = 0;
    this.fetchPage();
  }

  /** @param {{row: number, ra: number, dec: number}} row */
  go(row) {
    this.chosen = row.row;
    this.mark();
    this.model.goTo(row.ra, row.dec);
  }

  /** Show which row is chosen, in the table and on the picture. */
  mark() {
    for (const line of this.body.querySelectorAll("tbody tr")) {
      line.classList.toggle("chosen", Number(line.dataset.row) === this.chosen);
    }
    this.overlay.draw();
  }

  async fetchMarks() {
    const { plane, stage, state, facts } = this.model;
    if (!this.body || !plane || !facts || !state.overlays.includes("sources")) return;
    const { view } = stage;
    const [ra, dec] = plane.toSky(view.u - 0.5, view.v - 0.5);
    const radius = Math.min(90, (0.55 * Math.hypot(view.width, view.height) * plane.scale) / view.scale);
    const query = new URLSearchParams({ ra: String(ra), dec: String(dec), radius: String(radius) });
    if (this.asked === query.toString()) return;
    this.asked = query.toString();
    this.marks = (await get(`api/tables/0/marks?${query}`)).marks;
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
    this.chosen = best;
    const shown = this.body.querySelector(`tr[data-row="${best}"]`);
    if (shown) {
      this.mark();
      shown.scrollIntoView({ block: "nearest" });
    } else {
      this.text = String(best);
      this.start = 0;
      this.sheet.querySelector("input").value = this.text;
      this.fetchPage();
    }
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
      pen.strokeStyle = row === this.chosen ? "#ffd27a" : "rgb(127 227 192 / 85%)";
      pen.lineWidth = row === this.chosen ? 2.5 : 1.25;
      pen.beginPath();
      pen.arc(x, y, row === this.chosen ? 10 : 7, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
}
