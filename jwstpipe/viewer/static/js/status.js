// @ts-check
/** The state of the site: its parts, what waits and what was done, what is stored, limits. */

import { get, post } from "./api.js";
import { el, say, size } from "./dom.js";
import { jobCard } from "./jobs.js";

/** @typedef {import("./pages.js").Context} Context */

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
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
    el("div", { class: "halves" }, ...runs(found.runs)),
    el("div", { class: "halves" }, ...["kind", "target", "user", "instrument", "filter", "level", "size"].map(table)),
    el("section", {}, el("h3", {}, "Limits of this viewer"), el("table", {}, el("tbody", {},
      ...Object.entries(found.limits).map(([name, value]) => el("tr", {}, el("th", {}, name), el("td", {}, Number(value).toLocaleString("en"))))))),
    upkeep(context),
  );
}

/**
 * The queue and the latest runs, from Prefect; without it, why they are not known.
 * @param {{queues: {name: string, waiting: number, running: number}[], now: any[], recent: any[], note: string}} told
 * @returns {HTMLElement[]}
 */
function runs({ queues, now, recent, note }) {
  /** @param {string} title @param {string} none @param {any[]} jobs @param {...Node} more */
  const section = (title, none, jobs, ...more) => el("section", {}, el("h3", {}, title), ...more,
    ...(jobs.length ? jobs.map((job) => jobCard(job, false)) : [el("p", { class: "hint" }, none)]));
  if (note) return [section("Queue and recent runs", `Not known: ${note}`, [])];
  return [
    section("Queue", "Nothing waits and nothing runs.", now, el("table", {}, el("thead", {}, el("tr", {},
      ...["queue", "waiting", "running"].map((name) => el("th", {}, name)))), el("tbody", {}, ...queues.map((queue) =>
      el("tr", {}, el("th", {}, queue.name), el("td", {}, String(queue.waiting)), el("td", {}, String(queue.running))))))),
    section("Recent runs", "No run has ended yet.", recent),
  ];
}

/**
 * What a clean-up would do, then the clean-up.
 * @param {Context} context
 * @returns {HTMLElement}
 */
function upkeep(context) {
  const list = el("div", { "aria-live": "polite" });
  const look = async () => {
    list.replaceChildren(el("p", { class: "hint" }, "comparing store and catalogue …"));
    try {
      tell(await get("api/orphans"));
    } catch (error) {
      list.replaceChildren(el("p", { class: "empty" }, /** @type {Error} */ (error).message));
    }
  };
  /** @param {any} found */
  const tell = (found) => {
    const rows = found.rows.filter((/** @type {any} */ row) => row.action !== "wait");
    list.replaceChildren(
      el("p", { class: "hint" }, found.total
        ? `Store and catalogue differ in ${found.total === 1 ? "one place" : `${found.total} places`}; a clean-up would free ${size(found.bytes)}.`
        : "Store and catalogue agree: nothing to clean up."),
      found.total ? el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {},
        ...["what", "where", "size", "would be"].map((name) => el("th", { class: name === "where" ? "long" : "" }, name)))),
      el("tbody", {}, ...found.rows.map((/** @type {any} */ row) => el("tr", {}, el("td", { title: row.detail }, row.kind),
        el("td", { class: "long" }, row.key), el("td", {}, size(row.bytes)),
        el("td", {}, /** @type {Record<string, string>} */ (DONE)[row.action])))))) : "",
      rows.length ? el("div", { class: "row end" }, el("button", { class: "main", disabled: !context.site.write,
        title: context.site.write ? "" : "start the viewer with --write", onclick: () => clean(rows) }, `Put ${rows.length} right`)) : "",
    );
  };
  /** @param {any[]} rows */
  const clean = async (rows) => {
    const deleted = rows.filter((row) => row.action === "delete" || row.action === "forget");
    if (!confirm(`Put ${rows.length} places right? ${deleted.length} of them are removed for good.`)) return;
    try {
      const done = await post("api/orphans/repair", { rows: rows.map((row) => [row.kind, row.key, row.action]) });
      say(`${done.registered} registered, ${done.deleted} removed, ${size(done.bytes_freed)} freed.`);
      for (const failure of done.failures.slice(0, 3)) say(failure, "fault");
      await look();
    } catch (error) {
      say(/** @type {Error} */ (error).message, "fault");
    }
  };
  return el("section", {}, el("h3", {}, "Clean-up"),
    el("p", { class: "hint" }, "Files that no record knows, attempts that died, records whose file is gone. Looking changes nothing."),
    el("button", { class: "kind", onclick: look }, "Look for orphans"), list);
}

const DONE = { register: "registered", delete: "removed", mark: "marked", forget: "forgotten", wait: "left for now" };
