// @ts-check
/** The rows of a table of the library. */

import { el } from "./dom.js";
import { RowsView } from "./rows.js";

/** @typedef {import("./pages.js").Context} Context */

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
  const title = el("h1", {}, "Table");
  const left = el("p", { class: "hint" });
  const rows = new RowsView(`api/rows/${context.state.images[0]}`, {
    told: (page) => {
      title.textContent = page.name;
      left.textContent = page.left_out.length ? `Columns of arrays are left out: ${page.left_out.join(", ")}.` : "";
    },
  });
  await rows.fetch();
  place.replaceChildren(title, el("div", { class: "filters" }, rows.search), left, rows.body);
}
