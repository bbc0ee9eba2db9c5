// @ts-check
/** The state of the site: its parts, what is stored, limits. */

import { get } from "./api.js";
import { el, size } from "./dom.js";

/** @param {HTMLElement} place */
export async function show(place) {
  const found = await get("api/status");
  /** @param {string} name */
  const table = (name) => el("section", {}, el("h3", {}, `By ${name}`), el("table", {}, el("tbody", {},
    ...Object.entries(found.stored[name] || {}).map(([key, [records, bytes]]) =>
      el("tr", {}, el("th", {}, key), el("td", {}, String(records)), el("td", {}, size(bytes)))))));
  const { disk } = found;
  place.replaceChildren(
    el("h1", {}, "Status"),
    el("p", { class: "hint" }, `jwstpipe ${found.version} · ${size(disk.free)} of ${size(disk.total)} free on the disk of the home`),
    el("div", { class: "parts" }, ...found.parts.map((/** @type {any} */ part) => el("article", { class: "card" },
      el("b", {}, part.name), " ", el("span", { class: `badge ${part.well ? "state-done" : "state-failed"}` }, part.well ? "well" : "not here"),
      el("p", { class: "hint" }, part.says)))),
    el("div", { class: "halves" }, ...["kind", "instrument", "filter", "level", "size"].map(table)),
    el("section", {}, el("h3", {}, "Limits of this viewer"), el("table", {}, el("tbody", {},
      ...Object.entries(found.limits).map(([name, value]) => el("tr", {}, el("th", {}, name), el("td", {}, Number(value).toLocaleString("en"))))))),
    el("p", { class: "hint" }, "Orphans and half-made attempts: ", el("code", {}, "jwstpipe catalog reconcile"), " lists them, and removes them only when told."),
  );
}
