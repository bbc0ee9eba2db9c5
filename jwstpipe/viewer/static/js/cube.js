// @ts-check
/** A cube: its slices one by one or as a film, and what a pixel does along them. */

import { ask, get } from "./api.js";
import { el, number, say, select, slider } from "./dom.js";
import { formatLink } from "./link.js";
import { Plot } from "./plot.js";

/** @typedef {import("./pages.js").Context} Context */

const AHEAD = 3;
const KEPT = 60;
/** Smallest circle that a hand draws, pixels of a slice; what is less is a click. */
const LEAST_RADIUS = 0.8;

export class CubeView {
  /**
   * @param {any} facts
   * @param {Context} context
   */
  constructor(facts, context) {
    this.facts = facts;
    this.context = context;
    this.id = context.state.images[0];
    this.index = Math.min(context.state.slice, facts.slices - 1);
    this.limits = { low: facts.low, high: facts.high, stretch: "asinh" };
    /** @type {Map<string, Promise<ImageBitmap>>} */
    this.bitmaps = new Map();
    this.pixel = /** @type {[number, number] | null} */ (null);
    /** Of the circle whose spectrum is shown, pixels; 0 = that of the pixel alone. */
    this.radius = 0;
    /** Where a drag began. */
    this.from = /** @type {[number, number] | null} */ (null);
    this.picture = /** @type {ImageBitmap | null} */ (null);
    this.playing = 0;
    this.speed = 5;
    this.shown = -1;
    this.canvas = el("canvas", { class: "slices", tabindex: "0", role: "img",
      "aria-label": "a slice of the cube; arrow keys turn to others, space plays, a click shows the spectrum of a pixel, a drag that of a circle",
      onpointerdown: (/** @type {PointerEvent} */ event) => this.begin(event),
      onpointermove: (/** @type {PointerEvent} */ event) => this.widen(event),
      onpointerup: (/** @type {PointerEvent} */ event) => this.choose(event), onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event) });
    this.told = el("output", { class: "hint" });
    this.place = el("input", { type: "range", min: 0, max: facts.slices - 1, step: 1, "aria-label": "slice",
      oninput: () => this.turn(Number(this.place.value)) });
    this.button = el("button", { class: "main", onclick: () => this.play() }, "Play");
    const reach = facts.microns
      ? [Math.min(...facts.microns), Math.max(...facts.microns)] : [0, Math.max(1, facts.slices - 1)];
    this.plot = new Plot({
      label: "spectrum of the pixel", x: facts.microns ? "wavelength, µm" : "slice", y: facts.unit,
      reach: /** @type {[number, number]} */ (reach), moved: () => this.load(), chosen: (x) => this.turn(this.nearest(x)),
    });
    this.plot.element.hidden = true;
  }

  /** @returns {HTMLElement[]} */
  get elements() {
    const { facts } = this;
    return [
      el("h1", {}, facts.name),
      el("p", { class: "hint" }, [facts.instrume, facts.band, facts.targname, `${facts.slices} slices of ${facts.width} × ${facts.height} pixels`]
        .filter(Boolean).join(" · ")),
      el("div", { class: "halves" },
        el("section", {}, this.canvas, this.place, this.told),
        el("section", {},
          el("div", { class: "row" }, this.button, slider({ label: "a second", value: 5, min: 1, max: 15, step: 1, usual: 5,
            changed: (speed) => { this.speed = speed; } })),
          this.field("low", "black"), this.field("high", "white"),
          select({ label: "stretch", value: "asinh", choices: [["asinh", "asinh"], ["linear", "linear"], ["sqrt", "square root"]],
            changed: (stretch) => this.limit({ stretch }) }),
          el("p", { class: "hint" }, "Click a pixel for its spectrum, or drag a circle for that of all in it; a click on the spectrum turns to that slice."))),
      this.plot.element,
      ...facts.notes.map((/** @type {string} */ note) => el("p", { class: "hint" }, note)),
    ];
  }

  /**
   * @param {"low" | "high"} name
   * @param {string} text
   * @returns {HTMLElement}
   */
  field(name, text) {
    const input = el("input", { type: "number", step: "any", value: String(Number(this.limits[name].toPrecision(5))),
      "aria-label": `value that becomes ${text}`, onchange: () => this.limit({ [name]: Number(input.value) }) });
    return el("label", { class: "choice" }, el("span", {}, text), input);
  }

  /** @param {Record<string, any>} change */
  limit(change) {
    const next = { ...this.limits, ...change };
    if (!(next.low < next.high)) {
      say("The value that becomes black is smaller than the one that becomes white.", "fault");
      return;
    }
    this.limits = next;
    this.bitmaps.clear();
    this.turn(this.index);
  }

  /**
   * @param {number} index
   * @returns {Promise<ImageBitmap>}
   */
  bitmap(index) {
    const query = new URLSearchParams({ low: String(this.limits.low), high: String(this.limits.high), stretch: this.limits.stretch });
    const path = `api/cube/${this.id}/slice/${index}?${query}`;
    let found = this.bitmaps.get(path);
    if (!found) {
      found = ask(path).then(async (answer) => createImageBitmap(await answer.blob()));
      found.catch(() => this.bitmaps.delete(path));
      this.bitmaps.set(path, found);
      if (this.bitmaps.size > KEPT) this.bitmaps.delete([...this.bitmaps.keys()][0]);
    }
    return found;
  }

  /** @param {number} index */
  async turn(index) {
    const { facts, context } = this;
    this.index = (index + facts.slices) % facts.slices;
    this.place.value = String(this.index);
    const mine = this.index;
    try {
      const bitmap = await this.bitmap(mine);
      for (let n = 1; n <= AHEAD; n++) this.bitmap((mine + n) % facts.slices).catch(() => {});
      if (mine !== this.index) return;
      this.draw(bitmap);
    } catch (error) {
      this.stop();
      this.told.textContent = /** @type {Error} */ (error).message;
      return;
    }
    this.shown = mine;
    this.told.textContent = `slice ${mine} of ${facts.slices}${facts.microns ? ` · ${number(facts.microns[mine], 6)} µm` : ""}`;
    this.plot.line = facts.microns ? facts.microns[mine] : mine;
    if (!this.plot.element.hidden) this.plot.draw();
    if (!this.playing) {
      context.state.slice = mine;
      history.replaceState(null, "", `#${formatLink(context.state)}`);
    }
  }

  /** @param {ImageBitmap} bitmap */
  draw(bitmap) {
    this.picture = bitmap;
    const { canvas } = this;
    const times = Math.max(1, Math.floor((Math.min(canvas.parentElement.clientWidth, 640) * window.devicePixelRatio) / bitmap.width));
    [canvas.width, canvas.height] = [bitmap.width * times, bitmap.height * times];
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.imageSmoothingEnabled = false;
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    if (!this.pixel) return;
    const [x, y] = this.pixel;
    if (this.radius) {
      pen.strokeStyle = "#ffd27a";
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc((x + 0.5) * times, (bitmap.height - 0.5 - y) * times, this.radius * times, 0, 2 * Math.PI);
      pen.stroke();
      return;
    }
    pen.strokeStyle = "#ffd27a";
    pen.lineWidth = 2;
    pen.strokeRect(x * times - 1, (bitmap.height - 1 - y) * times - 1, times + 2, times + 2);
  }

  /**
   * @param {MouseEvent} event
   * @returns {[number, number]} a place in pixels of the slice, whose first one is around 0,0
   */
  at(event) {
    const { canvas, facts } = this;
    const [x, top] = [event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight];
    return [x * facts.width - 0.5, (1 - top) * facts.height - 0.5];
  }

  /** @param {PointerEvent} event */
  begin(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.from = this.at(event);
  }

  /** @param {PointerEvent} event */
  widen(event) {
    if (!this.from || !this.picture) return;
    const [x, y] = this.at(event);
    const radius = Math.hypot(x - this.from[0], y - this.from[1]);
    if (radius < LEAST_RADIUS) return;
    [this.pixel, this.radius] = [this.from, radius];
    this.draw(this.picture);
  }

  /** @param {PointerEvent} event */
  choose(event) {
    if (!this.from) return;
    const [from, to] = [this.from, this.at(event)];
    this.from = null;
    const radius = Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (radius >= LEAST_RADIUS && this.facts.microns) this.take(from[0], from[1], radius);
    else this.take(Math.round(to[0]), Math.round(to[1]));
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} [radius]  of a circle, pixels; 0 = the pixel alone
   */
  take(x, y, radius = 0) {
    const { width, height } = this.facts;
    /** @type {[number, number]} */
    const place = radius ? [x, y] : [Math.max(0, Math.min(width - 1, x)), Math.max(0, Math.min(height - 1, y))];
    this.pixel = place;
    this.radius = radius;
    this.plot.names.y = radius ? "Jy" : this.facts.unit;
    this.plot.element.hidden = false;
    this.turn(this.index);
    return this.load();
  }

  async load() {
    if (!this.pixel) return;
    const [first, last] = this.plot.ends;
    const mine = this.pixel;
    const [x, y] = mine;
    const what = this.radius
      ? `region?region=${encodeURIComponent(`image;circle(${x + 1},${y + 1},${this.radius})`)}&` : `along/${x},${y}?`;
    const path = `api/cube/${this.id}/${what}first=${first}&last=${last}&columns=${Math.min(4000, this.plot.columns)}`;
    try {
      const curve = await get(path);
      if (mine !== this.pixel) return;
      if (curve.unit) this.plot.names.y = curve.unit;
      this.plot.set([curve]);
    } catch (error) {
      say(/** @type {Error} */ (error).message, "fault");
    }
  }

  /** @param {number} x  of the plot */
  nearest(x) {
    const { microns, slices } = this.facts;
    if (!microns) return Math.max(0, Math.min(slices - 1, Math.round(x)));
    return microns.reduce((/** @type {number} */ best, /** @type {number} */ one, /** @type {number} */ n) =>
      (Math.abs(one - x) < Math.abs(microns[best] - x) ? n : best), 0);
  }

  play() {
    if (this.playing) {
      this.stop();
      return;
    }
    this.button.textContent = "Stop";
    const next = async () => {
      if (!this.canvas.isConnected) this.stop();
      if (!this.playing) return;
      const before = performance.now();
      await this.turn(this.index + 1);
      if (this.playing) this.playing = window.setTimeout(next, Math.max(0, 1000 / this.speed - (performance.now() - before)));
    };
    this.playing = window.setTimeout(next, 0);
  }

  stop() {
    clearTimeout(this.playing);
    this.playing = 0;
    this.button.textContent = "Play";
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (event.key === " ") this.play();
    else if (step) this.turn(this.index + step);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
  const view = new CubeView(await get(`api/cube/${context.state.images[0]}`), context);
  place.replaceChildren(...view.elements);
  Object.assign(window, { cube: view });
  await view.turn(view.index);
}
