// @ts-check
/** The panel of channels: colour, weight, stretch, limits, gamma, curve, on and off of each. */

import { byId, el, icon, number, select, slider } from "./dom.js";
import { Histogram } from "./histogram.js";

/** @typedef {import("./model.js").Model} Model */

/** @type {[string, string][]} */
const STRETCHES = [
  ["", "as the look"], ["asinh", "asinh"], ["log", "log"], ["sqrt", "square root"], ["power", "power"],
  ["linear", "linear"], ["zscale", "zscale"], ["histeq", "histogram"],
];
/** @type {[string, string][]} */
const CURVES = [
  ["", "as the look"], ["linear", "straight"], ["s_curve", "s-curve"], ["inverse_s", "inverse s"],
  ["shadows", "lift shadows"], ["highlights", "hold highlights"],
];
const EYE = "M1 8s2.5-4.5 7-4.5S15 8 15 8s-2.5 4.5-7 4.5S1 8 1 8zm7 2a2 2 0 100-4 2 2 0 000 4z";
const BACK = "M3 8a5 5 0 105-5H5m0 0l2-2M5 3l2 2";

/** One card for each channel, the longest wavelength last. */
export class ChannelPanel {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.list = byId("channels");
    /** @type {Map<number, Card>} */
    this.cards = new Map();
    model.addEventListener("opened", () => this.build());
    model.addEventListener("styled", () => this.update());
  }

  build() {
    const { channels } = this.model.facts;
    this.cards.clear();
    const order = channels.map((/** @type {any} */ _, /** @type {number} */ n) => n)
      .sort((/** @type {number} */ a, /** @type {number} */ b) =>
        (channels[a].wavelength ?? Infinity) - (channels[b].wavelength ?? Infinity));
    for (const n of order) this.cards.set(n, new Card(this.model, n));
    this.list.replaceChildren(...[...this.cards.values()].map((card) => card.element));
  }

  update() {
    for (const card of this.cards.values()) card.update();
  }
}

class Card {
  /**
   * @param {Model} model
   * @param {number} index
   */
  constructor(model, index) {
    this.model = model;
    this.index = index;
    this.channel = model.facts.channels[index];
    const { channel } = this;
    this.eye = el("button", {
      class: "quiet eye", "aria-pressed": "true", title: "show or hide", "aria-label": `show ${channel.label}`,
      onclick: () => this.wish({ visible: this.shown ? false : null }),
    }, icon(EYE));
    this.swatch = el("input", {
      type: "color", "aria-label": `colour of ${channel.label}`, title: "colour",
      oninput: () => this.wish({ colour: this.swatch.value }),
    });
    this.limits = el("span", { class: "limits" });
    this.histogram = new Histogram(channel, (limits) => this.limit(limits));
    this.more = el("div", { class: "more" });
    const head = el(
      "summary", {}, el("span", { class: "name" }, channel.label),
      el("span", { class: "what" }, [channel.instrument, channel.wavelength && `${number(channel.wavelength, 3)} µm`]
        .filter(Boolean).join(" · ")),
    );
    this.element = el(
      "article", { class: "card", "data-image": channel.id },
      el("div", { class: "row" }, this.swatch, el("details", {}, head, this.more), this.eye),
      this.histogram.element, this.limits,
    );
    this.fill();
  }

  /** @returns {Record<string, any>} what is wished for this channel */
  get wishes() {
    return this.model.state.channels.find((one) => one.image === this.channel.id) || {};
  }

  get shown() {
    return this.wishes.visible !== false;
  }

  /** @param {Record<string, any>} wish */
  wish(wish) {
    this.model.wishChannel(this.index, wish);
  }

  /** @param {{low?: number, high?: number}} limits */
  limit(limits) {
    /** @type {Record<string, any>} */
    const wish = { ...limits };
    if ("low" in limits) wish.low_percent = null;
    if ("high" in limits) wish.high_percent = null;
    this.wish(wish);
  }

  fill() {
    const { wishes } = this;
    const back = el("button", {
      class: "quiet", title: "as the look has it", "aria-label": `take back what is wished for ${this.channel.label}`,
      onclick: () => {
        this.wish(Object.fromEntries(Object.keys(this.wishes).filter((key) => key !== "image").map((key) => [key, null])));
        this.fill();
      },
    }, icon(BACK), " reset");
    this.more.replaceChildren(
      slider({
        label: "weight", value: wishes.weight ?? 1, min: 0, max: 2, usual: 1,
        changed: (weight) => this.wish({ weight: weight === 1 ? null : weight }),
      }),
      slider({
        label: "gamma", value: wishes.gamma ?? 1, min: 0.2, max: 4, usual: 1,
        changed: (gamma) => this.wish({ gamma }),
      }),
      select({
        label: "stretch", value: wishes.stretch || "", choices: STRETCHES,
        changed: (stretch) => this.wish({ stretch: stretch || null, softening: null }),
      }),
      slider({
        label: "softening", value: Math.log10(wishes.softening ?? 0.05), min: -4, max: 3.7, usual: Math.log10(0.05),
        changed: (power) => this.wish({ softening: Number((10 ** power).toPrecision(3)) }),
        text: (power) => number(10 ** power, 2),
      }),
      select({
        label: "curve", value: wishes.curve || "", choices: CURVES,
        changed: (curve) => this.wish({ curve: curve || null }),
      }),
      el("div", { class: "row end" }, back),
    );
  }

  update() {
    const told = this.model.look.channels[this.index];
    this.element.classList.toggle("hidden", !told.visible);
    this.eye.setAttribute("aria-pressed", String(told.visible));
    if (!told.visible) return;
    const { lo, hi, kind } = told.stretch;
    this.swatch.value = told.colour;
    this.histogram.set(lo, hi, told.colour);
    this.limits.textContent = `${kind} · ${number(lo, 3)} to ${number(hi, 3)} ${this.channel.unit}`;
  }
}
