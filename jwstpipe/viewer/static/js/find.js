// @ts-check
/** Records found by words: what was understood stands there as chips that can be taken out, each result says why. */

import { ask, post } from "./api.js";
import { el, shot } from "./dom.js";
import { showRecord } from "./library.js";

/** @typedef {import("./pages.js").Context} Context */
/** @typedef {{label: string, negated: boolean}} Chip */

const EXAMPLES = [
  "narrowband images of a planetary nebula", "molecular hydrogen jets, not MIRI", "warm dust beyond 20 micron",
  "spiral galaxies, combined, 2022", "exposures longer than 1000 s",
];

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
  /** @type {Set<string>} */
  const without = new Set();
  const words = el("input", { type: "search", placeholder: EXAMPLES[0], "aria-label": "words", maxlength: "500" });
  const chips = el("div", { class: "chips", role: "group", "aria-label": "what was understood" });
  const told = el("p", { class: "hint", "aria-live": "polite" });
  const cards = el("div", { class: "cards" });
  let asked = 0;

  const search = async () => {
    const own = ++asked;
    if (!words.value.trim()) {
      begin();
      return;
    }
    told.textContent = "looking …";
    try {
      const found = await post("api/find", { wishes: { words: words.value, without: [...without], limit: 60 } });
      if (own === asked) tell(found);
    } catch (error) {
      if (own !== asked) return;
      chips.replaceChildren();
      told.textContent = "";
      cards.replaceChildren(el("p", { class: "empty" }, /** @type {Error} */ (error).message));
    }
  };
  /** @param {Chip} chip @param {boolean} meant */
  const turn = (chip, meant) => {
    if (meant) without.add(chip.label);
    else without.delete(chip.label);
    words.focus();
    search();
  };
  /** @param {any} found */
  const tell = (found) => {
    chips.replaceChildren(
      ...found.understood.map((/** @type {Chip} */ one) => chipOf(one, true, () => turn(one, true))),
      ...found.refused.map((/** @type {Chip} */ one) => chipOf(one, false, () => turn(one, false))),
    );
    const spelt = Object.entries(found.corrected).map(([was, taken]) => `${was} was read as ${taken}`);
    told.textContent = [
      found.hits.length ? `${found.hits.length} observations and products, the best first` : "",
      found.understood.length ? "take out what is not meant" : "", ...spelt,
    ].filter(Boolean).join(" · ");
    cards.replaceChildren(...(found.hits.length ? found.hits.map((/** @type {any} */ hit) => cardOf(hit, context)) : [
      el("div", { class: "empty" }, el("p", {}, "Nothing here fits."), el("p", {}, found.total
        ? "Try other words: a line, a filter, a class of object, a name, a programme, a date."
        : "The library is empty; fill it with: jwstpipe run \"NGC 3132\"")),
    ]));
  };
  const begin = () => {
    chips.replaceChildren();
    told.textContent = "Filters, lines, wavelengths, kinds of objects, names, programmes, dates, exposure times: in any words.";
    cards.replaceChildren(el("div", { class: "empty" }, el("p", {}, "For example:"), ...EXAMPLES.map((text) => el("p", {},
      el("button", { class: "quiet", type: "button", onclick: () => {
        words.value = text;
        without.clear();
        search();
      } }, text)))));
  };
  place.replaceChildren(
    el("h1", {}, "Find"),
    el("form", { class: "filters", role: "search", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); search(); } },
      words, el("button", { class: "main" }, "Find")),
    chips, told, cards,
  );
  words.addEventListener("input", () => without.clear());
  begin();
  words.focus();
}

/**
 * @param {Chip} chip
 * @param {boolean} meant
 * @param {() => void} turn
 * @returns {HTMLElement}
 */
function chipOf(chip, meant, turn) {
  const label = `${chip.negated ? "not " : ""}${chip.label}`;
  return el("button", { class: meant ? "chip" : "chip out", type: "button", "aria-pressed": String(meant), onclick: turn,
    "aria-label": meant ? `take out ${label}` : `put back ${label}`, title: meant ? "take it out" : "put it back" },
  label, el("span", { "aria-hidden": "true" }, meant ? " ×" : " +"));
}

/**
 * @param {any} hit
 * @param {Context} context
 * @returns {HTMLElement}
 */
function cardOf(hit, context) {
  const image = hit.thumbnail
    ? shot(() => ask(`api/thumbnail/${hit.id}`))
    : el("div", { class: "shot failed" }, el("span", { class: "told" }, `${hit.kind}, no picture`));
  const facts = [hit.instrument, hit.observed, hit.program && `programme ${hit.program}`,
    hit.exposure_s && `${Math.round(hit.exposure_s)} s`, hit.records > 1 && `${hit.records} records`];
  return el("article", { class: "product" },
    el("div", { class: "frame" }, image),
    el("button", { class: "quiet title", onclick: () => showRecord(hit.id, context) }, hit.known_as || hit.target || hit.name),
    el("div", { class: "badges" }, el("span", { class: "badge" }, hit.kind === "archive" ? hit.level : hit.kind),
      hit.filter ? el("span", { class: "badge" }, hit.filter) : null),
    el("small", {}, facts.filter(Boolean).join(" · ")),
    el("small", { class: "why" }, hit.why.join("; ")),
    hit.viewable ? el("button", { class: "kind", onclick: () => context.view([hit.id]) }, "View") : "",
  );
}
