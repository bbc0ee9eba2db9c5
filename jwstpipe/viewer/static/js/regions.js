// @ts-check
/** Regions: drawn by hand, read from a DS9 file, measured at full resolution. */

import { post } from "./api.js";
import { byId, el, number, say } from "./dom.js";
import { labelled, labelOf, outline, parseShape, writeShape } from "./shapes.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./overlay.js").Overlay} Overlay */

const LARGEST_FILE = 1 << 20;

export class RegionPanel {
  /**
   * @param {Model} model
   * @param {Overlay} overlay
   * @param {HTMLElement} surface
   */
  constructor(model, overlay, surface) {
    this.model = model;
    this.overlay = overlay;
    /** What is being drawn: the tool, and its points in pixels of the image. */
    this.tool = "";
    /** @type {[number, number][]} */
    this.points = [];
    this.chosen = -1;
    /** What was measured last; tests read it. */
    this.measured = /** @type {any[] | null} */ (null);
    this.results = el("div", { class: "results" });
    this.list = el("ul", { class: "regions" });
    overlay.more.push((pen, place) => this.draw(pen, place));
    surface.addEventListener("pointerdown", (event) => this.down(event), { capture: true });
    surface.addEventListener("pointermove", (event) => this.move(event), { capture: true });
    surface.addEventListener("pointerup", (event) => this.up(event), { capture: true });
    model.addEventListener("opened", () => this.build());
  }

  get busy() {
    return this.tool !== "";
  }

  build() {
    this.tools = [["circle", "Circle"], ["box", "Rectangle"], ["polygon", "Polygon"], ["point", "Label"]].map(([tool, text]) => el(
      "button", { class: "kind", "aria-pressed": "false", "data-tool": tool, onclick: () => this.take(tool) }, text,
    ));
    const file = el("input", { type: "file", accept: ".reg", hidden: true, onchange: () => this.read(file) });
    byId("sheet-regions").replaceChildren(
      el("h3", {}, "Draw"), el("div", { class: "kinds" }, ...this.tools),
      el("p", { class: "hint" }, "Drag a circle or a rectangle; click the corners of a polygon, the first one again to close it; click where a label stands."),
      this.list, this.results,
      el("div", { class: "row end" }, file,
        el("button", { class: "quiet", onclick: () => file.click() }, "Open .reg"),
        el("button", { class: "quiet", onclick: () => this.save() }, "Save .reg")),
    );
    this.update();
  }

  /** @param {string} tool */
  take(tool) {
    this.tool = this.tool === tool ? "" : tool;
    this.points = [];
    for (const button of this.tools || []) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === this.tool));
    }
    this.overlay.draw();
  }

  /**
   * @param {PointerEvent} event
   * @returns {[number, number]} pixels of the image
   */
  at(event) {
    const { stage } = this.model;
    const density = stage.canvas.width / stage.canvas.clientWidth;
    const [u, v] = stage.view.toImage(event.offsetX * density, event.offsetY * density);
    return [u - 0.5, v - 0.5];
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (!this.tool) return;
    event.stopImmediatePropagation();
    const point = this.at(event);
    if (this.tool === "point") {
      this.finish("point", [point]);
      return;
    }
    if (this.tool !== "polygon") {
      this.points = [point, point];
      return;
    }
    const near = 10 / (this.model.stage.view.scale / window.devicePixelRatio);
    const [first] = this.points;
    if (this.points.length > 2 && Math.hypot(point[0] - first[0], point[1] - first[1]) < near) this.finish("polygon", this.points);
    else this.points.push(point);
    this.overlay.draw();
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!this.tool || !this.points.length || this.tool === "polygon") return;
    this.points = [this.points[0], this.at(event)];
    this.overlay.draw();
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (!this.tool || this.tool === "polygon" || this.points.length < 2) return;
    event.stopImmediatePropagation();
    const points = [this.points[0], this.at(event)];
    if (Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]) < 0.5) return;
    if (this.tool === "circle") this.finish("circle", points);
    else this.finish("polygon", this.corners(points[0], points[1]));
  }

  /**
   * @param {[number, number]} one
   * @param {[number, number]} other
   * @returns {[number, number][]} corners of the rectangle on the screen, in pixels of the image
   */
  corners(one, other) {
    const { view } = this.model.stage;
    const [left, top] = view.toScreen(one[0] + 0.5, one[1] + 0.5);
    const [right, bottom] = view.toScreen(other[0] + 0.5, other[1] + 0.5);
    return [[left, top], [right, top], [right, bottom], [left, bottom]].map(([x, y]) => {
      const [u, v] = view.toImage(x, y);
      return /** @type {[number, number]} */ ([u - 0.5, v - 0.5]);
    });
  }

  /**
   * @param {"circle" | "polygon" | "point"} kind
   * @param {[number, number][]} points
   */
  finish(kind, points) {
    const { state, plane, facts } = this.model;
    state.regions.push(writeShape(kind, points, facts.sky?.exact ? plane : null));
    this.take("");
    this.model.writeLink(true);
    this.choose(state.regions.length - 1);
    if (kind === "point") this.list.querySelector(".chosen input")?.focus();
  }

  /**
   * Write words at a region.
   * @param {number} index
   * @param {string} words
   */
  label(index, words) {
    const { state } = this.model;
    state.regions[index] = labelled(state.regions[index], words);
    this.model.writeLink(true);
    this.update();
    this.overlay.draw();
  }

  /** @param {number} index */
  async choose(index) {
    this.chosen = index;
    this.measured = null;
    this.update();
    this.overlay.draw();
    if (parseShape(this.model.state.regions[index])?.kind === "point") {
      this.results.replaceChildren();
      return;
    }
    this.results.replaceChildren(el("p", { class: "hint" }, "measuring at full resolution …"));
    try {
      const rows = await post("api/region", { set: this.model.facts.id, region: this.model.state.regions[index] });
      if (this.chosen === index) this.tell(rows);
    } catch (error) {
      this.results.replaceChildren(el("p", { class: "hint" }, /** @type {Error} */ (error).message));
    }
  }

  /** @param {any[]} rows */
  tell(rows) {
    this.measured = rows;
    const { channels } = this.model.facts;
    /** @type {[string, string][]} */
    const names = [
      ["count", "pixels"], ["n_nan", "without data"], ["mean", "mean"], ["median", "median"], ["std", "deviation"],
      ["minimum", "lowest"], ["maximum", "highest"], ["total", "sum"], ["flux_jy", "flux, Jy"], ["mag_ab", "AB mag"],
    ];
    this.results.replaceChildren(el(
      "div", { class: "scroll" }, el(
        "table", {},
        el("thead", {}, el("tr", {}, el("th", {}, ""), ...channels.map((/** @type {any} */ one) => el("th", {}, one.label)))),
        el("tbody", {}, ...names.map(([key, text]) => el(
          "tr", {}, el("th", {}, text),
          ...rows.map((row) => el("td", {}, row[key] === null ? "–" : number(row[key], key === "count" ? 12 : 5))),
        ))),
      ),
    ));
  }

  update() {
    const { state } = this.model;
    this.list.replaceChildren(...state.regions.map((text, index) => el(
      "li", { class: index === this.chosen ? "chosen" : "" },
      el("div", { class: "text" }, el("button", { class: "quiet text", onclick: () => this.choose(index) }, text.replace(/\s*#.*/, "")),
        index === this.chosen || labelOf(text) ? el("input", { type: "text", value: labelOf(text), maxlength: "100", placeholder: "label",
          "aria-label": `label of region ${index + 1}`, onchange: (/** @type {any} */ event) => this.label(index, event.target.value) }) : ""),
      el("button", { class: "quiet", "aria-label": `remove region ${index + 1}`, onclick: () => this.remove(index) }, "×"),
    )));
    if (!state.regions.length) this.results.replaceChildren();
  }

  /** @param {number} index */
  remove(index) {
    this.model.state.regions.splice(index, 1);
    this.chosen = -1;
    this.results.replaceChildren();
    this.model.writeLink(true);
    this.update();
    this.overlay.draw();
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {(x: number, y: number) => [number, number]} place
   */
  draw(pen, place) {
    const { state, plane } = this.model;
    state.regions.forEach((text, index) => {
      const shape = parseShape(text);
      const corners = shape && outline(shape, plane);
      if (!corners) return;
      const points = corners.map((corner) => place(...corner));
      trace(pen, points, index === this.chosen ? "#ffd27a" : "#7fe3c0", true);
      const [x, y] = points.reduce((best, one) => (one[1] < best[1] ? one : best));
      if (labelOf(text)) this.overlay.text(labelOf(text), x + 6, y - 6);
    });
    if (!this.points.length) return;
    let corners = this.points;
    if (this.tool === "circle") {
      const radius = Math.hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]);
      corners = outline({ kind: "circle", sky: false, points: [corners[0]], radius }, null) || corners;
    } else if (this.tool === "box") corners = this.corners(corners[0], corners[1]);
    trace(pen, corners.map((corner) => place(...corner)), "#ffd27a", this.tool !== "polygon");
  }

  /** @param {HTMLInputElement} input */
  async read(input) {
    const file = input.files?.[0];
    if (!file) return;
    if (file.size > LARGEST_FILE) {
      say("A file of regions has at most 1 MB.", "fault");
      return;
    }
    let frame = "icrs";
    for (const raw of (await file.text()).split(/[\r\n]+/)) {
      const line = raw.replace(/#.*/, "").trim();
      if (/^(icrs|fk5|image|physical)$/i.test(line)) frame = line.toLowerCase();
      const text = line.includes(";") ? line : `${frame};${line}`;
      const words = labelOf(raw);
      if (parseShape(text) && this.model.state.regions.length < 200) this.model.state.regions.push(words ? labelled(text, words) : text);
    }
    this.model.writeLink(true);
    this.update();
    this.overlay.draw();
  }

  save() {
    const text = `# Region file format: DS9\n${this.model.state.regions.join("\n")}\n`;
    const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: "view.reg" });
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {[number, number][]} corners
 * @param {string} colour
 * @param {boolean} closed
 */
export function trace(pen, corners, colour, closed) {
  pen.beginPath();
  corners.forEach(([x, y]) => pen.lineTo(x, y));
  if (corners.length === 1) pen.arc(corners[0][0], corners[0][1], 3, 0, 2 * Math.PI);
  if (closed) pen.closePath();
  pen.lineWidth = 4;
  pen.strokeStyle = "rgb(0 0 0 / 55%)";
  pen.stroke();
  pen.lineWidth = 1.75;
  pen.strokeStyle = colour;
  pen.stroke();
}
