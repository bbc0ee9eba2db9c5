// @ts-check
/** Jobs: how far they are, and the way to stop one. */

import { get, post } from "./api.js";
import { el, say } from "./dom.js";

/** @typedef {import("./pages.js").Context} Context */

const LOOK_MS = 1500;

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
  const list = el("div", { class: "jobs" });
  place.replaceChildren(el("h1", {}, "Jobs"), list);
  const look = async () => {
    const { jobs, note } = await get("api/jobs");
    if (note || !jobs.length) {
      list.replaceChildren(el("div", { class: "empty" }, el("p", {}, note || "Nothing has been asked for yet."),
        el("p", {}, "Start the servers with ", el("code", {}, "jwstpipe up"), ", then a run with ", el("code", {}, "jwstpipe submit"), ".")));
      return;
    }
    list.replaceChildren(...jobs.map((/** @type {any} */ job) => el("article", { class: "job" },
      el("span", { class: `badge state-${job.state}` }, job.state),
      el("a", { href: job.page, target: "_blank", rel: "noopener noreferrer" }, `${job.kind}: ${job.title}`),
      el("small", {}, `${Math.round(job.seconds)} s ${job.message}`),
      job.progress ? el("progress", { max: 100, value: job.progress.percent, "aria-label": "progress" }) : "",
      !job.ended && context.site.write ? el("button", { class: "quiet", onclick: async () => {
        try {
          await post(`api/jobs/${job.id}/cancel`, {});
          await look();
        } catch (error) {
          say(/** @type {Error} */ (error).message, "fault");
        }
      } }, "Cancel") : "")));
  };
  await look();
  const timer = setInterval(() => {
    if (!list.isConnected) clearInterval(timer);
    else if (!document.hidden) look().catch(() => {});
  }, LOOK_MS);
}
