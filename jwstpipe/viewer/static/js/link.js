// @ts-check
/**
 * All of a view as one value, and as the fragment of an address: the grammar of jwstpipe/viewer/state.py.
 *
 * @typedef {Record<string, any>} Wish  what is wished for one channel, by the names of the command line
 * @typedef {{
 *   images: string[], at: [number, number] | null, pixel: [number, number] | null, fov: number | null,
 *   rotation: number, wishes: Record<string, any>, channels: (Wish & {image: string})[], overlays: string[],
 *   regions: string[], compare: string, against: string | null, share: number, slice: number, panel: string
 * }} State
 */

export const VERSION = 1;

/** @type {Record<string, any>} */
const DEFAULTS = {
  at: null, pixel: null, fov: null, rotation: 0, compare: "none", against: null, share: 0.5, slice: 0, panel: "",
};
const NUMBERS = new Set(["fov", "rotation", "share", "slice"]);
const PAIRS = new Set(["at", "pixel"]);
const TONES = [
  "stretch", "softening", "low", "high", "low_percent", "high_percent", "black", "white", "gamma", "curve",
];
const WORDS = new Set(["stretch", "curve"]);
const NEXT_WISH = new RegExp(`,(?=(?:${TONES.join("|")})=|hidden(?:,|$))`);
const FLAGS = new Set(["neutralise", "match_resolution"]);
const TEXTS = new Set([
  "preset", "recipe", "palette", "mixing", "luminance", "title", "canvas", "coverage", "stretch", "curve", "crop", "orient",
]);
const LISTS = new Set(["sky_region", "overlays"]);

/** @returns {State} nothing at all */
export function emptyState() {
  return /** @type {any} */ ({
    ...structuredClone(DEFAULTS), images: [], wishes: {}, channels: [], overlays: [], regions: [],
  });
}

/**
 * @param {State} state
 * @returns {string} the fragment, without #
 */
export function formatLink(state) {
  const parts = [["v", String(VERSION)], ...state.images.map((image) => ["i", image])];
  const values = /** @type {Record<string, any>} */ (state);
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (values[name] !== usual && values[name] !== null) parts.push([name, String(values[name])]);
  }
  for (const [name, value] of Object.entries(state.wishes)) {
    if (value !== null && value !== undefined) parts.push([`w.${name}`, String(value)]);
  }
  for (const look of state.channels) {
    const text = formatLook(look);
    if (text !== `${look.image}=`) parts.push(["c", text]);
  }
  if (state.overlays.length) parts.push(["o", state.overlays.join(",")]);
  for (const region of state.regions) parts.push(["r", region]);
  return parts.map(([key, value]) => `${key}=${escape(value)}`).join("&");
}

/**
 * @param {string} text
 * @returns {string} percent-encoded, but for the signs that may stand as they are
 */
function escape(text) {
  return encodeURIComponent(text).replace(/%(2C|2F|3A|3B|3D|3F|40|7C|24)/g, (found) => decodeURIComponent(found));
}

/**
 * @param {string} fragment  with or without #
 * @returns {{state: State, token: string, notes: string[]}}
 */
export function parseLink(fragment) {
  const state = emptyState();
  const values = /** @type {Record<string, any>} */ (state);
  const notes = [];
  let token = "";
  for (const part of fragment.replace(/^#/, "").split("&").filter(Boolean)) {
    const [key, ...rest] = part.split("=");
    const value = decodeURIComponent(rest.join("="));
    const name = key.replace(/^w\./, "");
    if (key === "token") token = value;
    else if (key === "v" && Number(value) > VERSION) notes.push(`This link is of version ${value}; parts may be lost.`);
    else if (key === "v") continue;
    else if (key === "i") state.images.push(value);
    else if (key === "r") state.regions.push(value);
    else if (key === "c") state.channels.push(parseLook(value));
    else if (key === "o") state.overlays = value.split(",").filter(Boolean);
    else if (PAIRS.has(key)) values[key] = value.split(",").map(Number);
    else if (key in DEFAULTS) values[key] = NUMBERS.has(key) ? Number(value) : value;
    else if (key.startsWith("w.")) state.wishes[name] = parseWish(name, value);
    else notes.push(`The link says ${key.slice(0, 40)}, which is not known here.`);
  }
  return { state, token, notes };
}

/**
 * @param {string} name
 * @param {string} value
 */
function parseWish(name, value) {
  if (LISTS.has(name)) return value.split(",").map((one) => (name === "overlays" ? one : Number(one)));
  if (FLAGS.has(name)) return value === "true";
  return TEXTS.has(name) ? value : Number(value);
}

/**
 * Write what is wished for a channel in one word, as --channel takes it.
 * @param {Wish & {image: string}} look
 * @returns {string}
 */
export function formatLook(look) {
  const weight = look.weight === undefined || look.weight === 1 ? "" : `*${look.weight}`;
  const parts = [`${look.image}=${look.colour || ""}${weight}`];
  for (const name of TONES) {
    const value = look[name];
    if (value === undefined || value === null) continue;
    const percent = name.endsWith("_percent");
    parts.push(`${name.replace("_percent", "")}=${value}${percent ? "%" : ""}`);
  }
  if (look.visible === false) parts.push("hidden");
  return parts.join(",");
}

/**
 * @param {string} word
 * @returns {Wish & {image: string}}
 */
export function parseLook(word) {
  const [first, ...wishes] = word.split(NEXT_WISH);
  const at = first.lastIndexOf("=");
  const [colour, weight] = split(first.slice(at + 1), "*");
  /** @type {Wish & {image: string}} */
  const look = { image: first.slice(0, at) };
  if (colour) look.colour = colour;
  if (weight) look.weight = Number(weight);
  for (const wish of wishes) {
    const [key, value] = split(wish, "=");
    if (key === "hidden") look.visible = false;
    else if (value.endsWith("%")) look[`${key}_percent`] = Number(value.slice(0, -1));
    else look[key] = WORDS.has(key) ? value : Number(value);
  }
  return look;
}

/**
 * @param {string} text
 * @param {string} sign
 * @returns {[string, string]} what stands before the sign, and behind it
 */
function split(text, sign) {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
