// @ts-check
/** Two images of a view against each other: blink, side by side, curtain, opacity, difference. */

import { byId, el, select, slider } from "./dom.js";

/** @typedef {import("./model.js").Model} Model */

/** @type {[string, string][]} */
const KINDS = [
  ["none", "Mixed colours"], ["blink", "Blink"], ["side", "Side by side"], ["curtain", "Curtain"],
  ["opacity", "Opacity"], ["difference", "Difference"],
];
const LONGEST = 5;

export class ComparePanel {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.timer = 0;
    this.dragging = false;
    model.addEventListener("opened", () => this.build());
    model.addEventListener("styled", () => this.apply());
  }

  /** @returns {number[]} images that are shown, the shortest wavelength first */
  get shown() {
    return this.model.look ? this.model.look.order : [];
  }

  build() {
    const { state, facts } = this.model;
    /** @type {[string, string][]} */
    const images = facts.channels.map((/** @type {any} */ one) => [one.id, one.label]);
    const [first, second] = (state.against || "").split("/");
    this.first = first || images[0][0];
    this.second = second || images[images.length - 1][0];
    byId("sheet-compare").replaceChildren(
      el("h3", {}, "Compare"),
      el("div", { class: "kinds", role: "radiogroup", "aria-label": "how" }, ...KINDS.map(([kind, text]) => el(
        "button", { class: "kind", role: "radio", "data-kind": kind, onclick: () => this.choose(kind) }, text,
      ))),
      select({ label: "one", value: this.first, choices: images, changed: (id) => { this.first = id; this.note(); } }),
      select({ label: "other", value: this.second, choices: images, changed: (id) => { this.second = id; this.note(); } }),
      slider({
        label: "share", value: state.share, min: 0, max: 1, step: 0.01, usual: 0.5,
        changed: (share) => { state.share = share; this.note(); },
        text: (share) => (state.compare === "blink" ? `${(share * LONGEST).toFixed(1)} s` : `${Math.round(share * 100)} %`),
      }),
      el("p", { class: "hint" }, "b blinks, x swaps the two. Both lie on one grid, so that pixels fall on pixels."),
    );
    if (images.length === 1) byId("sheet-compare").append(el("p", { class: "hint" }, "This view has one image: open two."));
  }

  /** @param {string} kind */
  choose(kind) {
    this.model.state.compare = kind;
    this.note();
  }

  /** Keep what was chosen, and draw it. */
  note() {
    this.model.state.against = this.model.state.compare === "none" ? null : `${this.first}/${this.second}`;
    this.model.writeLink();
    this.apply();
  }

  swap() {
    [this.first, this.second] = [this.second, this.first];
    this.build();
    this.note();
  }

  /** @param {string} kind  chosen, or left when it is chosen already */
  toggle(kind) {
    this.choose(this.model.state.compare === kind ? "none" : kind);
  }

  apply() {
    const { model } = this;
    const { state, stage, facts } = model;
    if (!facts || !model.look) return;
    /** @param {string} id */
    const place = (id) => facts.channels.findIndex((/** @type {any} */ one) => one.id === id);
    const pair = [place(this.first || ""), place(this.second || "")];
    const shown = pair.every((one) => this.shown.includes(one));
    stage.compare.kind = shown ? state.compare : "none";
    stage.compare.pair = /** @type {[number, number]} */ (pair);
    stage.compare.share = state.share;
    for (const button of document.querySelectorAll(".kind")) {
      button.setAttribute("aria-checked", String(/** @type {HTMLElement} */ (button).dataset.kind === state.compare));
    }
    clearInterval(this.timer);
    if (stage.compare.kind === "blink") {
      this.timer = window.setInterval(() => {
        stage.compare.second = !stage.compare.second;
        stage.frame();
      }, Math.max(0.2, state.share * LONGEST) * 1000);
    }
    stage.changed();
  }
}
