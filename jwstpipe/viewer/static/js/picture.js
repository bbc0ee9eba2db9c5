// @ts-check
/** The panel of the whole picture: look, colours, lightness, finish. */

import { ask, post } from "./api.js";
import { byId, el, select, shot, slider } from "./dom.js";

/** @typedef {import("./model.js").Model} Model */

/** @type {[string, string, string][]} */
export const LOOKS = [
  ["balanced", "Balanced", "one curve for all channels"],
  ["auto", "Auto", "each channel by its own statistics"],
  ["natural", "Natural", "square root, no tricks"],
  ["nasa-press", "Press", "contrast and colour"],
  ["high-contrast", "High contrast", "strong blacks"],
  ["faint-emission", "Faint emission", "what is barely there"],
];

export class PicturePanel {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.sheet = byId("sheet-picture");
    model.addEventListener("opened", () => this.build());
    model.addEventListener("styled", () => this.update());
    model.addEventListener("sheet", () => this.preview());
    model.addEventListener("finished", () => this.preview());
    this.previewed = "";
  }

  /** Show each look on these images, small; once for what is shown, when somebody looks. */
  preview() {
    const { model } = this;
    if (this.sheet.hidden || !model.facts) return;
    const shown = `${model.state.images}/${JSON.stringify(model.state.channels)}`;
    if (shown === this.previewed) return;
    this.previewed = shown;
    const level = model.facts.levels - 1;
    const [rows, columns] = model.facts.shape.map((/** @type {number} */ n) => Math.ceil(n / 2 ** level));
    for (const [name] of LOOKS) {
      const wishes = { ...model.wishes, preset: name };
      const { images } = model.state;
      const load = async () => {
        const look = await post("api/look", { images, wishes });
        return ask(`exact/${look.id}/${level}/0,0,${rows},${columns}.jpg`);
      };
      this.looks.querySelector(`[data-look="${name}"] .preview`)?.replaceWith(shot(load, { kind: "preview" }));
    }
  }

  build() {
    const { model } = this;
    const { wishes } = model.state;
    this.looks = el(
      "div", { class: "looks", role: "radiogroup", "aria-label": "look" },
      ...LOOKS.map(([name, title, text]) => el(
        "button", {
          class: "look", role: "radio", "data-look": name, title: text, "aria-checked": "false",
          onclick: () => this.choose(name),
        }, el("div", { class: "preview waiting" }), el("span", {}, title),
      )),
    );
    const channels = model.facts.channels;
    /** @type {[string, string][]} */
    const images = [["", "none"], ...channels.map((/** @type {any} */ one) => [one.id, one.label])];
    /** @param {string} name @param {number} usual */
    const to = (name, usual) => (/** @type {number} */ value) => model.wish({ [name]: value === usual ? null : value });
    this.sheet.replaceChildren(
      el("h3", {}, "Look"), this.looks,
      el("h3", {}, "Colour"),
      slider({ label: "saturation", value: wishes.saturation ?? 1, min: 0, max: 2, usual: 1,
        changed: (value) => model.wish({ saturation: value }) }),
      slider({ label: "vibrancy", value: wishes.vibrancy ?? 0, min: 0, max: 1, usual: 0,
        changed: (value) => model.wish({ vibrancy: value }) }),
      slider({ label: "hue", value: wishes.hue ?? 0, min: -30, max: 30, step: 1, usual: 0,
        changed: (value) => model.wish({ hue: value }), text: (value) => `${value}°` }),
      select({ label: "palette", value: wishes.palette || "", changed: (value) => model.wish({ palette: value || null }),
        choices: [["", "by order"], ["wavelength", "by wavelength"], ["instruments", "by instrument"]] }),
      el("h3", {}, "Lightness"),
      select({ label: "from", value: wishes.luminance || "", choices: images,
        changed: (value) => model.wish({ luminance: value || null }) }),
      slider({ label: "share", value: wishes.luminance_share ?? 1, min: 0, max: 1, usual: 1,
        changed: to("luminance_share", 1) }),
      el("h3", {}, "Finish"),
      slider({ label: "sharpen", value: wishes.sharpen ?? 0, min: 0, max: 3, usual: 0, step: 0.1,
        changed: (value) => model.wish({ sharpen: value }) }),
      slider({ label: "noise", value: wishes.denoise ?? 0, min: 0, max: 10, usual: 0, step: 0.5,
        changed: (value) => model.wish({ denoise: value }), text: (value) => `${value} σ` }),
      slider({ label: "edges", value: wishes.feather ?? 0.1, min: 0, max: 0.5, usual: 0.1,
        changed: to("feather", 0.1) }),
      select({ label: "shown where", value: wishes.coverage || "majority",
        choices: [["any", "any filter has data"], ["majority", "most filters have data"], ["all", "all filters have data"]],
        changed: (value) => model.wish({ coverage: value === "majority" ? null : value }) }),
      el("p", { class: "hint" }, "Sharpening and noise reduction show when the picture stands still."),
      el("div", { class: "row end" }, el("button", { class: "quiet", onclick: () => this.reset() }, "Reset all")),
    );
  }

  /** @param {string} name */
  choose(name) {
    this.model.wish({ preset: name === "balanced" ? null : name });
  }

  reset() {
    this.model.state.wishes = {};
    this.model.state.channels = [];
    this.model.dispatchEvent(new Event("opened"));
    this.model.restyle();
  }

  update() {
    const chosen = this.model.state.wishes.preset || "balanced";
    for (const button of this.looks.children) {
      button.setAttribute("aria-checked", String(button.dataset.look === chosen));
    }
  }
}
