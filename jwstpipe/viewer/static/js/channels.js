// @ts-check
/** The panel of channels: colour, weight, stretch, limits, gamma, curve, on and off of each. */

import { get } from "./api.js";
import { byId, el, icon, number, say, select, slider } from "./dom.js";
import { draggable } from "./dragging.js";
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
const GRIP = "M6 3v.5M10 3v.5M6 8v.5M10 8v.5M6 13v.5M10 13v.5";
const BACK = "M3 8a5 5 0 105-5H5m0 0l2-2M5 3l2 2";

/** One card for each channel, the longest wavelength last. */
export class ChannelPanel {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.list = byId("channels");
    /** @type {Map<number, Card>} */
    this.cards = new Map();
    this.light = /** @type {any} */ (null);
    model.addEventListener("opened", () => this.build());
    model.addEventListener("styled", () => this.update());
  }

  build() {
    const { channels } = this.model.facts;
    this.cards.clear();
    const order = channels.map((/** @type {any} */ _, /** @type {number} */ n) => n)
      .sort((/** @type {number} */ a, /** @type {number} */ b) =>
        (channels[a].wavelength ?? Infinity) - (channels[b].wavelength ?? Infinity));
    for (const n of order) this.cards.set(n, new Card(this.model, n, this));
    this.list.replaceChildren(
      el("p", { class: "slot", "data-slot": "lightness" }, "Lightness: ", this.light = el("b", {}, "of the mix")),
      ...[...this.cards.values()].map((card) => card.element), this.adder(),
    );
    for (const [n, card] of this.cards) {
      draggable(card.handle, { targets: ".card[data-image], .slot", drop: (target) => this.drop(n, target), step: (by) => this.step(n, by) });
    }
  }

  /**
   * Let a channel go on another, and the two change colours; or on the lightness.
   * @param {number} from
   * @param {HTMLElement} target
   */
  drop(from, target) {
    const { model } = this;
    if (target.dataset.slot) {
      const { id } = model.facts.channels[from];
      model.wish({ luminance: model.state.wishes.luminance === id ? null : id });
      return;
    }
    this.exchange(from, model.facts.channels.findIndex((/** @type {any} */ one) => one.id === target.dataset.image));
  }

  /**
   * @param {number} from
   * @param {1 | -1} by
   */
  step(from, by) {
    const order = [...this.cards.keys()];
    const to = order[order.indexOf(from) + by];
    if (to === undefined) return;
    this.exchange(from, to);
    this.cards.get(to)?.handle.focus();
  }

  /**
   * @param {number} one
   * @param {number} other
   */
  exchange(one, other) {
    const { channels } = this.model.look;
    const [first, second] = [channels[one].colour, channels[other].colour];
    if (!first || !second) return;
    this.model.wishChannel(one, { colour: second });
    this.model.wishChannel(other, { colour: first });
  }

  /** @returns {HTMLElement | string} takes more images of the target into the view */
  adder() {
    const { model } = this;
    const { target } = model.facts.channels[0];
    if (!model.site.library || !target) return "";
    const place = el("div", { class: "row end" });
    const button = el("button", { class: "quiet", onclick: async () => {
      try {
        const found = await get(`api/library/images?${new URLSearchParams({ target })}`);
        const more = found.cards.filter((/** @type {any} */ card) => !model.state.images.includes(card.id));
        place.replaceChildren(more.length ? select({
          label: "add", value: "", choices: [["", "choose …"], ...more.map((/** @type {any} */ card) =>
            /** @type {[string, string]} */ ([card.id, `${card.filter || ""} ${card.name}`]))],
          changed: (id) => this.take([...model.state.images, id]),
        }) : el("p", { class: "hint" }, "The library has no more images of this target."));
      } catch (error) {
        place.replaceChildren(el("p", { class: "hint" }, /** @type {Error} */ (error).message));
      }
    } }, "Add an image …");
    place.append(button);
    return place;
  }

  /** @param {string[]} images  to look at from now on, from where the eye is */
  async take(images) {
    const { model } = this;
    const before = model.state.images;
    model.state.images = images;
    model.state.channels = model.state.channels.filter((one) => images.includes(one.image));
    if (!images.includes(model.state.wishes.luminance)) delete model.state.wishes.luminance;
    try {
      await model.open();
    } catch (error) {
      model.state.images = before;
      say(/** @type {Error} */ (error).message, "fault");
    }
  }

  update() {
    for (const card of this.cards.values()) card.update();
    const { look, facts } = this.model;
    this.light.textContent = look.luminance ? facts.channels[look.luminance.image].label : "of the mix";
  }
}

class Card {
  /**
   * @param {Model} model
   * @param {number} index
   * @param {ChannelPanel} panel
   */
  constructor(model, index, panel) {
    this.model = model;
    this.panel = panel;
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
    this.handle = el("button", {
      class: "quiet handle", title: "drag onto another channel: the two change colours; onto the lightness: it brings it",
      "aria-label": `move ${channel.label}: arrow keys change colours with the next`,
    }, icon(GRIP));
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
      el("div", { class: "row" }, this.handle, this.swatch, el("details", {}, head, this.more), this.eye),
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
      el("div", { class: "row end" }, this.model.state.images.length > 1 ? el("button", {
        class: "quiet", onclick: () => this.panel.take(this.model.state.images.filter((id) => id !== this.channel.id)),
      }, "take out") : "", back),
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
