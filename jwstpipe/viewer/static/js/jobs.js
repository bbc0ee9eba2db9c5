// @ts-check
/** Jobs: how far they are, as the server tells it, and the way to stop one. */

import { get, post } from "./api.js";
import { duration, el, say } from "./dom.js";
import { listen } from "./events.js";

/** @typedef {import("./pages.js").Context} Context */

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
  const list = el("div", { class: "jobs", "aria-live": "polite" });
  place.replaceChildren(el("h1", {}, "Jobs"), list);
  const leaving = new AbortController();
  /** @param {{jobs: any[], note: string}} told */
  const tell = ({ jobs, note }) => {
    if (!list.isConnected) leaving.abort();
    else if (note || !jobs.length) {
      list.replaceChildren(el("div", { class: "empty" }, el("p", {}, note || "Nothing has been asked for yet."),
        el("p", {}, "Start the servers with ", el("code", {}, "jwstpipe up"), ", then a run with ", el("code", {}, "jwstpipe submit"), ".")));
    } else list.replaceChildren(...jobs.map((job) => jobCard(job, context.site.write)));
  };
  tell(await get("api/jobs"));
  listen("api/events", tell, leaving.signal);
}

/**
 * @param {any} job
 * @param {boolean} write
 * @returns {HTMLElement}
 */
export function jobCard(job, write) {
  const stages = job.progress ? Object.entries(job.progress.stages) : [];
  return el("article", { class: "job", "data-job": job.id },
    el("span", { class: `badge state-${job.state}` }, job.state),
    el("a", { href: job.page, target: "_blank", rel: "noopener noreferrer" }, `${job.kind.replaceAll("_", "-")}: ${job.title}`),
    el("small", {}, [job.started && job.ended && new Date(job.started).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }),
      job.started && duration(job.seconds), job.message].filter(Boolean).join(" · ")),
    job.progress ? el("progress", { max: 100, value: job.progress.percent, "aria-label": `progress of ${job.title}` }) : "",
    !job.ended && write ? el("button", { class: "quiet", onclick: async () => {
      try {
        await post(`api/jobs/${job.id}/cancel`, {});
      } catch (error) {
        say(/** @type {Error} */ (error).message, "fault");
      }
    } }, "Cancel") : "",
    stages.length ? el("ul", { class: "stages" }, ...stages.map(([name, percent]) => el("li", {},
      el("span", {}, name), el("progress", { max: 100, value: percent, "aria-label": name })))) : "",
  );
}
