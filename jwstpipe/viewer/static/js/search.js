// @ts-check
/** Searching the archive, with what is here already; fetching is a job. */

import { post } from "./api.js";
import { el, say } from "./dom.js";
import { footprintMap, parsePolygon } from "./footprints.js";

/** @typedef {import("./pages.js").Context} Context */

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
  const target = el("input", { type: "search", placeholder: "NGC 3132, or 151.757 -40.436", "aria-label": "target or position", required: true });
  const instrument = el("input", { type: "text", placeholder: "any instrument", "aria-label": "instrument" });
  const filters = el("input", { type: "text", placeholder: "any filter, as F090W,F200W", "aria-label": "filters" });
  const results = el("div", {});
  const wishes = () => {
    /** @type {Record<string, any>} */
    const found = {};
    const words = target.value.trim();
    const pair = words.match(/^([+-]?\d+(?:\.\d*)?)[\s,]+([+-]?\d+(?:\.\d*)?)$/);
    if (pair) Object.assign(found, { ra: Number(pair[1]), dec: Number(pair[2]) });
    else found.target = words;
    if (instrument.value.trim()) found.instrument = instrument.value.trim();
    if (filters.value.trim()) found.filters = filters.value.split(/[\s,]+/).filter(Boolean);
    return found;
  };
  const form = el("form", { class: "filters", onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    results.replaceChildren(el("p", { class: "hint" }, "asking the archive …"));
    try {
      const found = await post("api/search", { wishes: wishes() });
      tell(results, found, context, wishes());
    } catch (error) {
      results.replaceChildren(el("p", { class: "empty" }, /** @type {Error} */ (error).message));
    }
  } }, target, instrument, filters, el("button", { class: "main" }, "Search"));
  place.replaceChildren(
    el("h1", {}, "Search the archive"),
    el("p", { class: "hint" }, "Asks MAST when you press the button; nothing is fetched before you say so."), form, results,
  );
  target.focus();
}

/**
 * @param {HTMLElement} place
 * @param {any} found
 * @param {Context} context
 * @param {object} wishes
 */
function tell(place, found, context, wishes) {
  if (!found.rows.length) {
    place.replaceChildren(el("div", { class: "empty" }, el("p", {}, "The archive has nothing public that fits."),
      el("p", {}, "Try another spelling, a position, or fewer filters.")));
    return;
  }
  const outlines = found.rows.map((/** @type {any} */ row) => parsePolygon(row.s_region)).filter(Boolean);
  const columns = ["obs_id", "target_name", "instrument_name", "filters", "calib_level"];
  place.replaceChildren(
    el("p", { class: "hint" }, [`${found.total} observations`, found.name && `of ${found.name}`,
      found.withheld && `${found.withheld} more are not public yet`, found.cut].filter(Boolean).join(" · ")),
    outlines.length ? footprintMap(outlines) : "",
    el("div", { class: "row end" }, el("button", { class: "main", disabled: !context.site.write,
      title: context.site.write ? "" : "start the viewer with --write", onclick: async () => {
        try {
          const job = await post("api/jobs/submit", { kind: "ingest", wishes });
          say(`Asked for: ${job.title}. The page of jobs shows how far it is.`);
        } catch (error) {
          say(/** @type {Error} */ (error).message, "fault");
        }
      } }, "Fetch them all")),
    el("div", { class: "scroll" }, el("table", {},
      el("thead", {}, el("tr", {}, ...columns.map((name) => el("th", {}, name.replaceAll("_", " "))), el("th", {}, "here"))),
      el("tbody", {}, ...found.rows.map((/** @type {any} */ row) => el("tr", {},
        ...columns.map((name) => el("td", {}, String(row[name] ?? "–"))), el("td", {}, row.here ? `${row.here} files` : "–")))))),
  );
}
