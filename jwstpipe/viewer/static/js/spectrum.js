// @ts-check
/** The spectra of a file: curves with their errors, several at a time, lines at a redshift. */

import { get } from "./api.js";
import { el, number } from "./dom.js";
import { Plot } from "./plot.js";

/** @typedef {import("./pages.js").Context} Context */

const MOST_SHOWN = 5;
/** Spectra of a file that are read at once. */
const AT_ONCE = 500;

/**
 * @param {HTMLElement} place
 * @param {Context} context
 * @param {number} [start]  number of the first spectrum that is listed
 */
export async function show(place, context, start = 0) {
  const [id] = context.state.images;
  const [found, lines] = await Promise.all([get(`api/spectra/${id}?start=${start}`), get("api/lines")]);
  if (!found.length) {
    await show(place, context, Math.max(0, start - AT_ONCE));
    return;
  }
  const shown = new Set([Math.max(0, found.findIndex((/** @type {any} */ one) => one.valid))]);
  const reach = reachOf(found);
  if (!reach) {
    place.replaceChildren(el("h1", {}, found[0].title), el("p", { class: "empty" }, found[0].words));
    return;
  }
  const unit = found[[...shown][0]].unit;
  let asked = 0;
  const load = async () => {
    const mine = ++asked;
    const [first, last] = plot.ends;
    const curves = await Promise.all([...shown].map((n) =>
      get(`api/spectra/${id}/${start + n}?first=${first}&last=${last}&columns=${Math.min(4000, plot.columns)}`)));
    if (mine === asked) plot.set(curves);
  };
  let timer = 0;
  const plot = new Plot({
    label: `spectrum of ${found[0].title}`, x: "wavelength, µm", y: unit, reach,
    moved: () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => load().catch(() => {}), 60);
    },
  });
  const notes = el("div", {});
  const tell = () => notes.replaceChildren(...[...shown].flatMap((n) => [found[n].words, ...found[n].notes])
    .map((text) => el("p", { class: "hint" }, text)));
  /** @param {number} n */
  const toggle = (n) => {
    if (shown.has(n) && shown.size > 1) shown.delete(n);
    else if (shown.size < MOST_SHOWN && found[n].unit === unit) shown.add(n);
    for (const button of list.children) button.setAttribute("aria-pressed", String(shown.has(Number(button.dataset.n))));
    tell();
    load();
  };
  const list = el("div", { class: "kinds", role: "group", "aria-label": "spectra that are shown" },
    ...found.map((/** @type {any} */ one, /** @type {number} */ n) => el("button", {
      class: "kind", "data-n": String(n), "aria-pressed": String(shown.has(n)), disabled: one.unit !== unit || !one.valid,
      title: one.words, onclick: () => toggle(n),
    }, `${start + n + 1} · ${one.label}`)));
  place.replaceChildren(
    el("h1", {}, found[0].title), found.length > 1 || start ? list : "", pager(place, context, start, found.length), plot.element, redshift(plot, lines), notes,
  );
  Object.assign(window, { plot });
  tell();
  await load();
}

/**
 * Ways to the other spectra of a file that has many.
 * @param {HTMLElement} place
 * @param {Context} context
 * @param {number} start
 * @param {number} count
 * @returns {HTMLElement | string}
 */
function pager(place, context, start, count) {
  if (!start && count < AT_ONCE) return "";
  /** @param {number} to @param {string} text @param {boolean} there */
  const step = (to, text, there) => el("button", { class: "quiet", disabled: !there, onclick: () => show(place, context, to) }, text);
  return el("div", { class: "row" }, step(start - AT_ONCE, "Earlier spectra", start > 0),
    el("span", { class: "hint" }, `${start + 1} to ${start + count}`), step(start + AT_ONCE, "Later spectra", count === AT_ONCE));
}

/**
 * @param {any[]} found
 * @returns {[number, number] | null}
 */
function reachOf(found) {
  const ends = found.map((one) => one.ends).filter(Boolean);
  if (!ends.length) return null;
  const [first, last] = [Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))];
  return last > first ? [first, last] : [first * 0.99, first * 1.01];
}

/**
 * Lines at a redshift, where somebody wants them.
 * @param {Plot} plot
 * @param {[string, number][]} lines names and wavelengths at rest, micrometres in vacuum
 * @returns {HTMLElement}
 */
function redshift(plot, lines) {
  const field = el("input", { type: "number", step: "0.0001", min: "-0.01", max: "30", value: "0", "aria-label": "redshift of the lines" });
  const tick = el("input", { type: "checkbox", "aria-label": "show lines" });
  const mark = () => {
    const z = Number(field.value);
    plot.marks = tick.checked && Number.isFinite(z)
      ? lines.map(([text, rest]) => ({ text, at: rest * (1 + z) })).filter(({ at }) => at >= plot.reach[0] && at <= plot.reach[1]) : [];
    told.textContent = plot.marks.length ? `${plot.marks.length} lines; the first at ${number(plot.marks[0].at, 5)} µm` : "";
    plot.draw();
  };
  tick.addEventListener("change", mark);
  field.addEventListener("input", mark);
  const told = el("output", { class: "hint" }, "");
  return el("div", { class: "row lines" }, el("label", {}, tick, " lines at redshift "), field, told);
}
