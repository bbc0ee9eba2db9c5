// @ts-check
/** The tools above the picture, the tabs beside it, the help. */

import { get, post } from "./api.js";
import { byId, el, icon, say } from "./dom.js";
import { showExport } from "./export.js";
import { formatLink } from "./link.js";
import { parsePosition } from "./wcs.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./overlay.js").Overlay} Overlay */

const DRAWINGS = {
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  one: "M3 5l2-2v10M11 3v10M9 5l2-2M8 7v.5M8 10v.5",
  in: "M8 3v10M3 8h10",
  out: "M3 8h10",
  grid: "M2 2h12v12H2zM2 6h12M2 10h12M6 2v12M10 2v12",
  outline: "M3 6l7-3 4 6-8 5zM2 9l5 5",
  bar: "M2 5h12v3H2zM3 11v.5M8 11v.5M13 11v.5",
  link: "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 014.5 4.5L11.5 9M9 11.5L7.500 13A3 3 0 013 8.500L4.500 7",
  full: "M9 7l5-5M10 2h4v4M7 9l-5 5M6 14H2v-4",
  theme: "M8 2a6 6 0 100 12A6 6 0 008 2zm0 0v12",
  save: "M8 2v8m0 0L5 7m3 3l3-3M3 13h10",
  help: "M5.500 6a2.500 2.500 0 115 0c0 2-2.500 2-2.500 3.500M8 12.500v.5",
};

/** Letters of a link from which on a short one is made. */
const LONG = 2000;

/** @type {[string, string][]} */
const TABS = [
  ["channels", "Channels"], ["picture", "Picture"], ["compare", "Compare"], ["regions", "Regions"], ["pixel", "Pixel"],
  ["sources", "Sources"],
];

/**
 * Build the toolbar; gives the keys that do the same.
 * @param {Model} model
 * @param {Overlay} overlay
 * @returns {Record<string, {text: string, run: (event?: Event) => void}>}
 */
export function buildTools(model, overlay) {
  const { stage } = model;
  const { view } = stage;
  /** @type {Record<string, {text: string, run: () => void}>} */
  const keys = {};
  /**
   * @param {keyof typeof DRAWINGS} drawing
   * @param {string} text
   * @param {string} key
   * @param {() => void} run
   */
  const tool = (drawing, text, key, run) => {
    if (key) keys[key] = { text, run };
    return el(
      "button", { class: "tool", title: key ? `${text} (${key})` : text, "aria-label": text, onclick: run },
      icon(DRAWINGS[drawing]),
    );
  };
  const zoom = (/** @type {number} */ factor) => {
    view.zoomAt(factor, view.width / 2, view.height / 2);
    stage.moved();
  };
  byId("tools").replaceChildren(
    tool("fit", "show all", "", () => { view.fit(model.facts.covered); stage.moved(); }),
    tool("one", "one pixel on one pixel", "", () => { view.scale = 1; stage.moved(); }),
    tool("out", "zoom out", "", () => zoom(0.5)),
    tool("in", "zoom in", "", () => zoom(2)),
    tool("grid", "grid, compass and scale", "g", () => overlay.toggle(["grid", "compass", "scalebar"])),
    tool("outline", "footprints of the exposures", "o", () => overlay.toggle(["footprints"])),
    tool("bar", "colour bars", "k", () => overlay.toggle(["colourbar"])),
    goTo(model),
    tool("save", "save this picture", "s", () => showExport(model)),
    tool("link", "copy a link to this view", "l", () => copyLink(model)),
    tool("full", "picture alone", "f", () => togglePicture()),
    tool("theme", "light or dark", "t", toggleTheme),
    tool("help", "keys", "", () => showHelp(keys)),
  );
  return keys;
}

/**
 * A field for a position or the name of a target.
 * @param {Model} model
 */
function goTo(model) {
  const label = "go to a name or position";
  const field = el("input", { type: "search", placeholder: "name or RA, Dec", "aria-label": label, class: "goto" });
  field.addEventListener("change", () => {
    const text = field.value.trim();
    const place = parsePosition(text);
    if (place) arrive(model, "That place", place);
    else if (text && model.site.pages) goToNamed(model, text);
    else if (text) say("Write a position as 83.82 -5.39 or 05:35:17 -05:23:28; names are known to a home.", "fault");
  });
  return field;
}

/**
 * @param {Model} model
 * @param {string} name
 */
async function goToNamed(model, name) {
  try {
    const found = await get(`api/place?name=${encodeURIComponent(name)}`);
    arrive(model, found.title, [found.ra, found.dec]);
  } catch (fault) {
    say(/** @type {Error} */ (fault).message, "fault");
  }
}

/**
 * @param {Model} model
 * @param {string} title
 * @param {[number, number]} place
 */
function arrive(model, title, place) {
  if (!model.goTo(...place)) say(`${title} is not on these images.`, "fault");
}

/** @param {Model} model */
async function copyLink(model) {
  model.writeLink();
  try {
    const address = await shortened(model);
    await navigator.clipboard.writeText(address);
    say(address === location.href ? "Link copied." : "A short link was copied: the whole one is kept in this home.");
  } catch {
    say("The link stands in the address bar.");
  }
}

/**
 * @param {Model} model
 * @returns {Promise<string>} the address of the view; of one that is kept, where it is too long to be passed on
 */
async function shortened(model) {
  const link = formatLink(model.state);
  if (link.length <= LONG || !model.site.write) return location.href;
  const kept = await post("api/views", { link });
  return `${location.href.split("#")[0]}#${kept.link}`;
}

function togglePicture() {
  if (document.fullscreenElement) document.exitFullscreen();
  else byId("stage").requestFullscreen?.();
}

/** Take the light that was chosen before, on every page. */
export function useTheme() {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
}

function toggleTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
}

/**
 * @param {Model} model
 * @returns {(name: string) => void} opens a tab
 */
export function buildTabs(model) {
  const list = byId("tabs");
  /** @param {string} name */
  const open = (name) => {
    for (const [other] of TABS) {
      byId(`sheet-${other}`).hidden = other !== name;
      byId(`tab-${other}`).setAttribute("aria-selected", String(other === name));
    }
    if (!byId("stage").hidden) model.state.panel = name === "channels" ? "" : name;
    if (model.facts) model.writeLink();
    model.dispatchEvent(new CustomEvent("sheet", { detail: name }));
  };
  list.replaceChildren(...TABS.map(([name, text]) => {
    byId(`sheet-${name}`).setAttribute("role", "tabpanel");
    byId(`sheet-${name}`).setAttribute("aria-labelledby", `tab-${name}`);
    return el("button", {
      id: `tab-${name}`, role: "tab", "aria-controls": `sheet-${name}`, onclick: () => open(name),
    }, text);
  }));
  open(TABS.some(([name]) => name === model.state.panel) ? model.state.panel : "channels");
  return open;
}

/** @param {Record<string, {text: string}>} keys */
export function showHelp(keys) {
  const dialog = byId("dialog");
  const words = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
  dialog.replaceChildren(
    el("h2", {}, "Keys and hands"),
    el("p", {}, "Drag moves, the wheel zooms, two fingers zoom and turn, shift with drag turns."),
    el("dl", {}, ...Object.entries(keys).filter(([key]) => key !== "=").flatMap(([key, one]) => [
      el("dt", {}, el("kbd", {}, /** @type {Record<string, string>} */ (words)[key] || key)), el("dd", {}, one.text),
    ])),
    el("form", { method: "dialog" }, el("button", { class: "main" }, "Close")),
  );
  dialog.showModal();
}
