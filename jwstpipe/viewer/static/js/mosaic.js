// @ts-check
/** A mosaic: which images, what it will be, what it costs; then a job of these images, or the command. */

import { get, post } from "./api.js";
import { duration, el, number, say, select, size } from "./dom.js";
import { footprintMap } from "./footprints.js";

/** @typedef {import("./pages.js").Context} Context */
/** @typedef {{id: string, name: string, kind: string, filter: string | null, level: string}} Card */

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
  const plan = el("div", { "aria-live": "polite" });
  /** @type {Record<string, string>} */
  const wishes = {};
  /** @type {Map<string, Card>} */
  const chosen = new Map();
  let asked = 0;
  const ask = async () => {
    const turn = ++asked;
    if (!chosen.size) {
      plan.replaceChildren(el("p", { class: "hint" }, "Choose images, single ones or all of a filter."));
      return;
    }
    plan.replaceChildren(el("p", { class: "hint" }, "planning …"));
    try {
      const told = await post("api/mosaic/plan", { images: [...chosen.keys()], wishes: given(wishes) });
      if (turn === asked) tell(plan, told, context, mosaicOf([...chosen.values()], wishes));
    } catch (error) {
      if (turn === asked) plan.replaceChildren(el("p", { class: "empty" }, /** @type {Error} */ (error).message));
    }
  };
  const load = async () => {
    const found = await get(`api/library/images?${new URLSearchParams({ target: target.value })}`);
    const cards = found.cards.filter((/** @type {Card} */ card) => card.kind !== "mosaic");
    for (const id of [...chosen.keys()]) if (!cards.some((/** @type {Card} */ card) => card.id === id)) chosen.delete(id);
    list.replaceChildren(
      ...groups(cards.filter((/** @type {Card} */ card) => card.kind === "image"), chosen, ask),
      files(cards.filter((/** @type {Card} */ card) => card.kind === "archive"), context),
      found.cut ? el("p", { class: "hint" }, "There are more: name a target.") : "",
    );
    if (!cards.length) list.replaceChildren(el("p", { class: "empty" }, "No images of this target are in the library; search for them first."));
    await ask();
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
}

/**
 * Images to choose from, those of a filter together.
 * @param {Card[]} cards
 * @param {Map<string, Card>} chosen
 * @param {() => void} changed
 * @returns {HTMLElement[]}
 */
function groups(cards, chosen, changed) {
  /** @type {Map<string, Card[]>} */
  const found = new Map();
  for (const card of cards) found.set(card.filter || "?", [...(found.get(card.filter || "?") || []), card]);
  return [...found].map(([filter, members]) => {
    /** @param {Card} card @param {boolean} on */
    const take = (card, on) => (on ? chosen.set(card.id, card) : chosen.delete(card.id));
    const ticks = members.map((card) => el("input", { type: "checkbox", checked: chosen.has(card.id), onchange: (/** @type {any} */ event) => {
      take(card, event.target.checked);
      all.checked = members.every((one) => chosen.has(one.id));
      changed();
    } }));
    const all = el("input", { type: "checkbox", checked: members.every((one) => chosen.has(one.id)), "aria-label": `all of ${filter}`,
      onchange: () => {
        members.forEach((card, n) => take(card, (ticks[n].checked = all.checked)));
        changed();
      } });
    return el("fieldset", {}, el("legend", {}, el("label", {}, all, el("b", {}, filter), el("small", {}, members.length === 1 ? "one image" : `${members.length} images`))),
      ...members.map((card, n) => el("label", {}, ticks[n], el("span", {}, card.name))));
  });
}

/**
 * Files of the archive that are no images of the library yet.
 * @param {Card[]} cards
 * @param {Context} context
 * @returns {HTMLElement | string}
 */
function files(cards, context) {
  if (!cards.length) return "";
  const what = cards.length === 1 ? "One file is" : `${cards.length} files are`;
  return el("section", {}, el("p", { class: "hint" }, `${what} here only as the archive has ${cards.length === 1 ? "it" : "them"}; mosaics are made of converted images.`),
    el("div", { class: "row" }, el("button", { class: "kind", disabled: !context.site.write, title: context.site.write ? "" : "start the viewer with --write",
      onclick: () => submit("convert", { products: cards.map((card) => card.id) }) }, cards.length === 1 ? "Convert it" : "Convert them")),
    el("details", {}, el("summary", {}, "Which?"), ...cards.map((card) => el("p", { class: "hint" }, `${card.filter || "?"} · ${card.name}`))));
}

/** @param {Record<string, string>} wishes */
const given = (wishes) => Object.fromEntries(Object.entries(wishes).filter(([, value]) => value));

/**
 * @param {Card[]} chosen
 * @param {Record<string, string>} wishes
 * @returns {object} what the job `mosaic` is asked: these images, and no others
 */
function mosaicOf(chosen, wishes) {
  const levels = new Set(chosen.map((card) => card.level));
  const level = levels.size > 1 ? null : levels.has("L2b") ? 2 : levels.has("L3") ? 3 : null;
  return { products: chosen.map((card) => card.id), level, ...given(wishes) };
}

/**
 * @param {string} kind
 * @param {object} wishes
 */
async function submit(kind, wishes) {
  try {
    const job = await post("api/jobs/submit", { kind, wishes });
    say(`Asked for: ${job.title}. The page Jobs shows how far it is.`);
  } catch (error) {
    say(/** @type {Error} */ (error).message, "fault");
  }
}

/**
 * @param {HTMLElement} place
 * @param {any} plan
 * @param {Context} context
 * @param {object} wishes  what the job is asked
 */
function tell(place, plan, context, wishes) {
  const heavy = plan.estimated_memory_bytes > 8e9 || plan.bytes > 50e9;
  const filters = Object.entries(plan.filters);
  const several = filters.length > 1;
  place.replaceChildren(
    footprintMap(plan.outlines),
    plan.groups > 1 ? el("p", { class: "stale" }, `The images form ${plan.groups} groups that do not touch: between them the mosaic is empty.`) : "",
    heavy ? el("p", { class: "stale" }, "This is a large piece of work; see memory and time below.") : "",
    several ? el("p", { class: "hint" }, `One mosaic for each filter, all on one grid: ${filters.map(([name, n]) => `${name} of ${n}`).join(", ")}.`) : "",
    el("dl", { class: "facts" }, ...[
      ["images", plan.inputs], ["size", `${plan.width} × ${plan.height} px, ${number(plan.scale_arcsec, 3)}″ each`],
      ["tiles", plan.tiles], ["on disk, at most", size(plan.bytes)], [several ? "memory, each" : "memory", size(plan.estimated_memory_bytes)],
      ["time, one thread", duration(plan.estimated_seconds)], ["weights", plan.weights],
    ].flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])),
    ...plan.notes.map((/** @type {string} */ note) => el("p", { class: "hint" }, note)),
    el("div", { class: "row end" }, el("button", { class: "main", disabled: !context.site.write,
      title: context.site.write ? "" : "start the viewer with --write", onclick: () => submit("mosaic", wishes),
    }, `Make ${several ? `${filters.length} mosaics` : "the mosaic"} of ${plan.inputs === 1 ? "this image" : `these ${plan.inputs} images`}`)),
  );
}
