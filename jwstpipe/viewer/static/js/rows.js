// @ts-check
/** The rows of a table, a page at a time: sorted by a column, searched. */

import { get } from "./api.js";
import { el, number } from "./dom.js";

const PAGE = 100;

/** @typedef {{row: number, cells: any[], ra?: number, dec?: number}} Row */

export class RowsView {
  /**
   * @param {string} path  of the server
   * @param {{go?: (row: Row) => void, told?: (page: any) => void}} [options]  `go`: a row was chosen
   */
  constructor(path, { go, told } = {}) {
    this.path = path;
    this.go = go;
    this.told = told;
    this.start = 0;
    this.sort = "";
    this.descending = false;
    this.text = "";
    this.chosen = -1;
    this.asked = 0;
    this.body = el("div", { class: "scroll" });
    this.search = el("input", {
      type: "search", placeholder: "find in words, or a number of a row", "aria-label": "find rows",
      oninput: () => this.find(this.search.value),
    });
  }

  /** @param {string} text */
  find(text) {
    this.search.value = text;
    this.text = text;
    this.start = 0;
    this.fetch();
  }

  async fetch() {
    const mine = ++this.asked;
    const query = new URLSearchParams({
      start: String(this.start), count: String(PAGE), sort: this.sort, descending: String(this.descending), text: this.text,
    });
    const page = await get(`${this.path}?${query}`);
    if (mine !== this.asked) return;
    this.told?.(page);
    const last = Math.min(page.total, this.start + PAGE);
    this.body.replaceChildren(
      el("table", {},
        el("thead", {}, el("tr", {}, ...page.columns.map((/** @type {any} */ column) => el(
          "th", { title: column.text, "aria-sort": this.sort === column.name ? (this.descending ? "descending" : "ascending") : "none" },
          el("button", { class: "quiet", onclick: () => this.sortBy(column.name) }, column.name),
          el("small", {}, column.unit),
        )))),
        el("tbody", {}, ...page.rows.map((/** @type {Row} */ row) => this.line(row)))),
      el("div", { class: "row end" },
        el("span", { class: "hint" }, `${page.total ? this.start + 1 : 0} to ${last} of ${page.total}`),
        el("button", { class: "quiet", disabled: this.start === 0, onclick: () => this.turn(-PAGE) }, "‹ before"),
        el("button", { class: "quiet", disabled: last >= page.total, onclick: () => this.turn(PAGE) }, "next ›")),
    );
  }

  /** @param {Row} row */
  line(row) {
    const { go } = this;
    const choose = () => {
      this.mark(row.row);
      go?.(row);
    };
    const more = go ? {
      tabindex: "0", onclick: choose, onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && choose(),
    } : {};
    return el("tr", { "data-row": String(row.row), class: row.row === this.chosen ? "chosen" : "", ...more },
      ...row.cells.map((cell) => el("td", {}, typeof cell === "number" ? number(cell, 7) : String(cell ?? "–"))));
  }

  /** @param {number} row  that is chosen */
  mark(row) {
    this.chosen = row;
    for (const line of this.body.querySelectorAll("tbody tr")) {
      line.classList.toggle("chosen", Number(line.dataset.row) === row);
    }
  }

  /** @param {number} rows */
  turn(rows) {
    this.start = Math.max(0, this.start + rows);
    this.fetch();
  }

  /** @param {string} column */
  sortBy(column) {
    this.descending = this.sort === column && !this.descending;
    this.sort = column;
    this.start = 0;
    this.fetch();
  }
}
