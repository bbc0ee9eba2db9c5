// @ts-check
/** Saving what is seen: the window as it stands, or the command that makes the whole picture of any size. */

import { ask, post } from "./api.js";
import { byId, el, say, select } from "./dom.js";
import { listen } from "./events.js";
import { jobCard } from "./jobs.js";
import { formatLink } from "./link.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {{size: string, form: string, part: string, marks: string}} Chosen */

/** What of a view a picture draws, too; the rest belongs to the page. */
const MARKS = ["grid", "scalebar", "compass", "labels", "sources"];

/**
 * @param {Model} model
 * @returns {boolean} something is drawn that a picture can show
 */
function anyDrawn({ state }) {
  return state.regions.length > 0 || state.overlays.some((name) => MARKS.includes(name));
}

/** @param {Model} model */
export function showExport(model) {
  const dialog = byId("dialog");
  const chosen = { size: "full", form: "png", part: "all", marks: anyDrawn(model) ? "drawn" : "none" };
  const command = el("pre", { tabindex: "0" });
  const tell = () => {
    command.textContent = commandOf(model, chosen);
  };
  /** @param {keyof typeof chosen} name @param {string} label @param {[string, string][]} choices */
  const choice = (name, label, choices) => select({
    label, value: chosen[name], choices, changed: (value) => { chosen[name] = value; tell(); },
  });
  dialog.replaceChildren(
    el("h2", {}, "Save the picture"),
    el("p", { class: "hint" }, "What you see, as the renderer makes it: the same pixels, with its place on the sky and what it was made from."),
    el("div", { class: "row end" }, el("button", { class: "main", onclick: () => saveWindow(model) }, "Save this view as PNG")),
    el("h3", {}, "The whole picture, at any size"),
    choice("size", "size", [["full", "full resolution"], ["4096", "4096 px"], ["2048", "2048 px"], ["1200", "1200 px"]]),
    choice("form", "form", [["png", "PNG"], ["jpg", "JPEG"], ["tif", "TIFF"], ["fits", "FITS cube"]]),
    choice("part", "part", [["all", "everything"], ["view", "what is seen now"]]),
    choice("marks", "drawn on it", [["none", "nothing"], ["drawn", "what is drawn on the view"]]),
    model.site.write ? asJob(model, chosen) : "",
    el("p", { class: "hint" }, model.site.write ? "Or by the command:" : "The command that makes it:"),
    command,
    el("div", { class: "row end" },
      el("button", { class: "quiet", onclick: () => navigator.clipboard.writeText(command.textContent).then(() => say("Command copied.")) }, "Copy the command"),
      el("form", { method: "dialog" }, el("button", { class: "quiet" }, "Close"))),
  );
  tell();
  dialog.showModal();
}

/**
 * The picture as a job of the home, and how far it is.
 * @param {Model} model
 * @param {Chosen} chosen
 * @returns {HTMLElement}
 */
function asJob(model, chosen) {
  const place = el("div", { "aria-live": "polite" });
  const leaving = new AbortController();
  const submit = async () => {
    place.replaceChildren(el("p", { class: "hint" }, "asking …"));
    try {
      const job = await post("api/jobs/submit", { kind: "composite", wishes: jobOf(model, chosen) });
      listen("api/events", ({ jobs }) => {
        if (!place.isConnected) leaving.abort();
        const found = jobs.find((/** @type {any} */ one) => one.id === job.id);
        if (!found) return;
        place.replaceChildren(jobCard(found, false),
          found.state === "done" ? el("p", { class: "hint" }, "It is in the library, with its place on the sky and what it was made from.") : "");
        if (found.ended) leaving.abort();
      }, leaving.signal);
    } catch (error) {
      place.replaceChildren(el("p", { class: "hint" }, /** @type {Error} */ (error).message));
    }
  };
  return el("section", {}, el("button", { class: "main", onclick: submit }, "Make it and keep it in the library"), place);
}

/**
 * @param {Model} model
 * @param {Chosen} chosen
 * @returns {object} what the job `composite` is asked
 */
export function jobOf(model, chosen) {
  const seen = model.stage.view.window(0);
  return {
    ...model.wishes, products: model.state.images, form: chosen.form,
    ...(chosen.size === "full" ? {} : { size: Number(chosen.size) }),
    ...(chosen.part === "view" && seen ? { crop: [seen.x0, seen.y0, seen.x1, seen.y1] } : {}),
    ...(chosen.marks === "drawn" ? { drawn: drawnOn(model) } : {}),
  };
}

/**
 * @param {Model} model
 * @returns {object} overlays, regions and sources of the view
 */
function drawnOn({ state, marked }) {
  return {
    overlays: state.overlays.filter((name) => MARKS.includes(name)), regions: state.regions, positions: marked,
  };
}

/**
 * @param {Model} model
 * @param {Chosen} chosen
 * @returns {string} the command that makes the picture
 */
export function commandOf(model, chosen) {
  const words = ["jwstpipe composite", `--view '#${formatLink(model.state).replaceAll("'", "%27")}'`];
  if (chosen.size !== "full") words.push(`--size ${chosen.size}`);
  const seen = model.stage.view.window(0);
  if (chosen.part === "view" && seen) words.push(`--crop ${seen.x0},${seen.y0},${seen.x1},${seen.y1}`);
  if (chosen.marks === "drawn") words.push("--drawn");
  return [...words, `-o picture.${chosen.form}`].join(" ");
}

/** @param {Model} model */
async function saveWindow(model) {
  const { view } = model.stage;
  const { level } = view;
  const seen = view.window(level);
  if (!seen) return;
  try {
    const answer = await ask(`exact/${model.look.id}/${level}/${seen.y0},${seen.x0},${seen.y1},${seen.x1}.png`);
    const address = URL.createObjectURL(await answer.blob());
    el("a", { href: address, download: `${byId("title").textContent || "view"}.png` }).click();
    URL.revokeObjectURL(address);
  } catch (error) {
    say(/** @type {Error} */ (error).message, "fault");
  }
}
