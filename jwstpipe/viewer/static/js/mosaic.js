// @ts-check
/** A mosaic: which images, what it will be, what it costs; then a job, or the command. */

import { get, post } from "./api.js";
import { el, number, say, select, size } from "./dom.js";
import { footprintMap } from "./footprints.js";

/** @typedef {import("./pages.js").Context} Context */

/** @type {[string, string][]} */
const KERNELS = [["", "as usual"], ["bilinear", "bilinear"], ["lanczos3", "lanczos3"], ["drizzle", "drizzle"], ["adaptive", "adaptive"], ["exact", "exact"], ["nearest", "nearest"]];
/** @type {[string, string][]} */
const COMBINE = [["", "as usual"], ["mean", "mean"], ["median", "median"], ["clipped", "clipped"]];

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
  const target = el("input", { type: "search", placeholder: "target of the library", "aria-label": "target" });
  const list = el("div", { class: "choices" });
  const plan = el("div", {});
  /** @type {Record<string, string>} */
  const wishes = {};
  /** @type {Set<string>} */
  const chosen = new Set();
  const ask = async () => {
    if (!chosen.size) {
      plan.replaceChildren(el("p", { class: "hint" }, "Choose images."));
      return;
    }
    plan.replaceChildren(el("p", { class: "hint" }, "planning …"));
    try {
      tell(plan, await post("api/mosaic/plan", { images: [...chosen], wishes: given(wishes) }), context, target.value, wishes);
    } catch (error) {
      plan.replaceChildren(el("p", { class: "empty" }, /** @type {Error} */ (error).message));
    }
  };
  const load = async () => {
    const query = new URLSearchParams({ kind: "archive,image", sort: "filter", ...(target.value ? { target: target.value } : {}) });
    const found = await get(`api/library?${query}`);
    const cards = found.cards.filter((/** @type {any} */ card) => card.viewable);
    list.replaceChildren(...cards.map((/** @type {any} */ card) => el("label", {},
      el("input", { type: "checkbox", checked: chosen.has(card.id), onchange: (/** @type {any} */ event) => {
        if (event.target.checked) chosen.add(card.id);
        else chosen.delete(card.id);
        ask();
      } }), el("span", {}, `${card.filter || "?"} · ${card.name}`))));
    if (!cards.length) list.replaceChildren(el("p", { class: "empty" }, "No images of this target are in the library; search for them first."));
  };
  /** @param {string} name */
  const wish = (name) => (/** @type {string} */ value) => {
    wishes[name] = value;
    ask();
  };
  place.replaceChildren(
    el("h1", {}, "Make a mosaic"),
    el("form", { class: "filters", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); load(); } }, target,
      el("button", { class: "main" }, "List images")),
    el("div", { class: "halves" },
      el("section", {}, el("h3", {}, "Images"), list),
      el("section", {}, el("h3", {}, "What it will be"),
        select({ label: "kernel", value: "", choices: KERNELS, changed: wish("kernel") }),
        select({ label: "combine", value: "", choices: COMBINE, changed: wish("combine") }),
        select({ label: "sky", value: "", choices: [["", "as usual"], ["none", "as it is"], ["level", "match levels"], ["plane", "match planes"]], changed: wish("background") }),
        plan)),
  );
  await load();
  await ask();
}

/** @param {Record<string, string>} wishes */
const given = (wishes) => Object.fromEntries(Object.entries(wishes).filter(([, value]) => value));

/**
 * @param {HTMLElement} place
 * @param {any} plan
 * @param {Context} context
 * @param {string} target
 * @param {Record<string, string>} wishes
 */
function tell(place, plan, context, target, wishes) {
  const heavy = plan.estimated_memory_bytes > 8e9 || plan.bytes > 50e9;
  place.replaceChildren(
    footprintMap(plan.outlines),
    plan.groups > 1 ? el("p", { class: "stale" }, `The images form ${plan.groups} groups that do not touch: between them the mosaic is empty.`) : "",
    heavy ? el("p", { class: "stale" }, "This is a large piece of work; see memory and time below.") : "",
    el("dl", { class: "facts" }, ...[
      ["inputs", plan.inputs], ["size", `${plan.width} × ${plan.height} px, ${number(plan.scale_arcsec, 3)}″ each`],
      ["tiles", plan.tiles], ["on disk, at most", size(plan.bytes)], ["memory", size(plan.estimated_memory_bytes)],
      ["time, one thread", `${number(plan.estimated_seconds, 2)} s`], ["weights", plan.weights],
    ].flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])),
    ...plan.notes.map((/** @type {string} */ note) => el("p", { class: "hint" }, note)),
    el("div", { class: "row end" }, el("button", { class: "main", disabled: !context.site.write || !target,
      title: context.site.write ? (target ? "" : "name a target first") : "start the viewer with --write", onclick: async () => {
        try {
          const job = await post("api/jobs/submit", { kind: "mosaic", wishes: { target, ...given(wishes) } });
          say(`Asked for: ${job.title}.`);
        } catch (error) {
          say(/** @type {Error} */ (error).message, "fault");
        }
      } }, "Make the mosaics of this target")),
  );
}
