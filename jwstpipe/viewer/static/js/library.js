// @ts-check
/** The library: cards of products, their lineage, what can be done with them. */

import { ask, get, post } from "./api.js";
import { byId, el, say, select, shot, size } from "./dom.js";

/** @typedef {import("./pages.js").Context} Context */

/** Colours stand with their words: level badges as people know them. */
const LEVELS = { L1: "level-1", L2a: "level-2a", L2b: "level-2b", L3: "level-3" };

const OPENS = { spectrum: "Plot", table: "Rows", cube: "Slices" };

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
  /** @type {Record<string, string>} */
  const wishes = { page: "0", sort: "newest" };
  /** @type {Map<string, any>} */
  const chosen = new Map();
  const cards = el("div", { class: "cards" });
  const tools = el("div", { class: "row bulk" });
  const more = el("div", { class: "row end" });
  const filters = el("div", { class: "filters" });
  place.replaceChildren(el("h1", {}, "Library"), filters, tools, cards, more);

  const choose = () => {
    const ids = [...chosen.keys()];
    const images = ids.filter((id) => chosen.get(id).viewable);
    tools.replaceChildren(
      el("span", { class: "hint" }, ids.length ? `${ids.length} chosen` : "Choose cards to look at them together."),
      el("button", { class: "main", disabled: !images.length || images.length > 16, onclick: () => context.view(images) }, "View"),
      ...(context.site.write && ids.length ? bulk(ids, load) : []),
    );
  };

  const load = async () => {
    const found = await get(`api/library?${new URLSearchParams(wishes)}`);
    for (const id of [...chosen.keys()]) if (!found.cards.some((/** @type {any} */ card) => card.id === id)) chosen.delete(id);
    cards.replaceChildren(...found.cards.map((/** @type {any} */ card) => cardOf(card, context, chosen, choose)));
    if (!found.total) {
      cards.append(el("div", { class: "empty" }, el("p", {}, "Nothing here fits."),
        el("p", {}, "Fill the library: ", el("code", {}, "jwstpipe run \"NGC 3132\""), ", or without network ", el("code", {}, "jwstpipe demo"), ".")));
    }
    const page = Number(wishes.page);
    more.replaceChildren(
      el("span", { class: "hint" }, `${found.total} products, ${size(found.bytes)} in all · page ${page + 1} of ${Math.max(1, found.pages)}`),
      el("button", { class: "quiet", disabled: page === 0, onclick: () => turn(page - 1) }, "‹ before"),
      el("button", { class: "quiet", disabled: page + 1 >= found.pages, onclick: () => turn(page + 1) }, "next ›"),
    );
    choose();
    return found;
  };
  /** @param {number} page */
  const turn = (page) => {
    wishes.page = String(page);
    load();
  };
  /** @param {string} name @param {string} value */
  const narrow = (name, value) => {
    wishes[name] = value;
    wishes.page = "0";
    load();
  };
  const found = await load();
  /** @param {string} name @returns {[string, string][]} */
  const facet = (name) => [["", "any"], ...Object.entries(found.facets[name]).map(([key, n]) =>
    /** @type {[string, string]} */ ([key, `${key} (${n})`]))];
  filters.replaceChildren(
    el("input", { type: "search", placeholder: "name, target or description", "aria-label": "find products",
      onchange: (/** @type {any} */ event) => narrow("text", event.target.value) }),
    ...["kind", "instrument", "filter", "level"].map((name) => select({
      label: name, value: "", choices: facet(name), changed: (value) => narrow(name, value),
    })),
    select({ label: "order", value: "newest", changed: (value) => narrow("sort", value), choices: [
      ["newest", "newest"], ["oldest", "oldest"], ["target", "target"], ["filter", "filter"], ["level", "level"],
      ["file_name", "name"], ["largest", "largest"],
    ] }),
  );
}

/**
 * @param {any} card
 * @param {Context} context
 * @param {Map<string, any>} chosen
 * @param {() => void} changed
 */
function cardOf(card, context, chosen, changed) {
  const image = card.thumbnail
    ? shot(() => ask(`api/thumbnail/${card.id}`))
    : el("div", { class: "shot failed" }, el("span", { class: "told" }, `${card.kind}, no picture`));
  const tick = el("input", { type: "checkbox", "aria-label": `choose ${card.name}`, checked: chosen.has(card.id),
    onchange: () => {
      if (tick.checked) chosen.set(card.id, card);
      else chosen.delete(card.id);
      changed();
    } });
  const level = /** @type {Record<string, string>} */ (LEVELS)[card.level];
  return el("article", { class: "product" },
    el("div", { class: "frame" }, image, tick),
    el("button", { class: "quiet title", onclick: () => showRecord(card.id, context) }, card.target || card.name),
    el("div", { class: "badges" },
      el("span", { class: "badge" }, card.kind), level ? el("span", { class: `badge ${level}` }, card.level) : null,
      card.filter ? el("span", { class: "badge" }, card.filter) : null, card.archived ? el("span", { class: "badge" }, "archived") : null,
      ...ownTags(card).slice(0, 4).map((/** @type {string} */ tag) => el("span", { class: "badge tag" }, tag))),
    card.opens ? el("button", { class: "kind", onclick: () => context.view([card.id], card.opens) },
      /** @type {Record<string, string>} */ (OPENS)[card.opens]) : "",
    el("small", {}, [card.instrument, card.size && size(card.size), card.created.slice(0, 10)].filter(Boolean).join(" · ")),
  );
}

/**
 * @param {any} card
 * @returns {string[]} the tags that say more than the badges do
 */
function ownTags(card) {
  const told = [card.kind, card.level, card.filter, card.instrument, card.target].map((word) => String(word).toLowerCase());
  return card.tags.filter((/** @type {string} */ tag) => !told.includes(tag.toLowerCase()));
}

/**
 * @param {string} id
 * @param {Context} context
 */
export async function showRecord(id, context) {
  const dialog = byId("dialog");
  const record = await get(`api/record/${id}`);
  /** @param {any} node @returns {HTMLElement} */
  const branch = (node) => el("li", {},
    el("button", { class: "quiet", disabled: node.kind === "gone", onclick: () => showRecord(node.id, context) },
      `${node.kind} ${node.name}`),
    node.made_of.length ? el("ul", {}, ...node.made_of.map(branch)) : null);
  dialog.replaceChildren(
    el("h2", {}, record.name),
    record.stale.length
      ? el("div", { class: "stale" }, el("b", {}, "Stale"), el("ul", {}, ...record.stale.map((/** @type {string} */ one) => el("li", {}, one))))
      : el("p", { class: "hint" }, "Current: nothing that it was made of has changed."),
    el("h3", {}, "Made of"),
    record.parents.length ? el("ul", { class: "tree" }, ...record.parents.map(branch)) : el("p", { class: "hint" }, "It comes from the archive as it is."),
    record.children.length ? el("h3", {}, "What became of it") : "",
    record.children.length ? el("ul", { class: "tree" }, ...record.children.map((/** @type {any} */ child) => branch({ ...child, made_of: [] }))) : "",
    el("div", { class: "row end" },
      record.opens ? el("button", { class: "main", onclick: () => context.view([id], record.opens) },
        /** @type {Record<string, string>} */ (OPENS)[record.opens]) : "",
      record.viewable ? el("button", { class: "main", onclick: () => context.view([id]) }, "View") : "",
      el("form", { method: "dialog" }, el("button", { class: "quiet" }, "Close"))),
  );
  if (!dialog.open) dialog.showModal();
}

/**
 * @param {string[]} ids
 * @param {() => Promise<any>} done
 * @returns {HTMLElement[]}
 */
function bulk(ids, done) {
  /** @param {object} change */
  const run = async (change) => {
    try {
      const told = await post("api/library/change", { ids, ...change });
      say(`${told.records} products changed.`);
      await done();
    } catch (error) {
      say(/** @type {Error} */ (error).message, "fault");
    }
  };
  const tag = el("input", { type: "text", placeholder: "tag", "aria-label": "tag to add", size: 10 });
  return [
    tag, el("button", { class: "quiet", onclick: () => tag.value && run({ what: "tag", tag: tag.value }) }, "Tag"),
    el("button", { class: "quiet", onclick: () => run({ what: "archive" }) }, "Archive"),
    el("button", { class: "quiet", onclick: async () => {
      const told = await post("api/library/change", { ids, what: "plan" });
      const more = told.dependents ? ` ${told.dependents} products that were made of them stay, without their inputs.` : "";
      if (confirm(`Delete ${told.records} products, ${size(told.bytes)}?${more}`)) await run({ what: "delete" });
    } }, "Delete …"),
  ];
}
