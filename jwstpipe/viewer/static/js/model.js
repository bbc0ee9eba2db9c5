// @ts-check
/** The state of the page: one view, what the server says of it, and who is told when either changes. */

import { ask, get, post, ServerError } from "./api.js";
import { formatLink } from "./link.js";
import { TangentPlane } from "./wcs.js";

/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./link.js").State} State */

const LINK_MS = 250;

export class Model extends EventTarget {
  /**
   * @param {Stage} stage
   * @param {State} state
   */
  constructor(stage, state) {
    super();
    this.stage = stage;
    this.state = state;
    /** @type {any} */
    this.facts = null;
    /** @type {any} */
    this.look = null;
    /** @type {TangentPlane | null} */
    this.plane = null;
    /** Tables that were fetched, by the names of their stretches. */
    this.tables = /** @type {Map<string, Float32Array>} */ (new Map());
    /** What the server lets the page do. */
    this.site = { pages: false, write: false, library: false, user: /** @type {string | null} */ (null) };
    /** Positions of the sources that are drawn, degrees. */
    this.marked = /** @type {[number, number][]} */ ([]);
    this.asking = false;
    this.again = false;
    this.written = 0;
    stage.addEventListener("moved", () => this.noteView());
    stage.addEventListener("resized", () => this.noteView());
    stage.addEventListener("restored", () => this.restoreTables());
    stage.addEventListener("failed", (event) => this.failed(/** @type {CustomEvent} */ (event).detail));
  }

  /** Open the images of the state and look at them. */
  async open() {
    this.facts = await post("api/open", { images: this.state.images });
    this.plane = this.facts.sky?.projection === "TAN" ? new TangentPlane(this.facts.sky) : null;
    this.tables.clear();
    this.stage.show(this.facts);
    this.place();
    this.dispatchEvent(new Event("opened"));
    await this.restyle();
  }

  /** Put the eye where the state says, or show everything. */
  place() {
    const { state, stage, plane } = this;
    const { view } = stage;
    view.rotation = state.rotation;
    view.fit(this.facts.covered);
    const at = state.at && plane ? plane.toPixel(...state.at) : state.pixel;
    if (at) [view.u, view.v] = [at[0] + 0.5, at[1] + 0.5];
    if (state.fov) {
      const pixels = plane && state.at ? state.fov / plane.scale : state.fov;
      view.scale = Math.min(view.width, view.height) / pixels;
      const power = 2 ** Math.round(Math.log2(view.scale));
      if (Math.abs(view.scale / power - 1) < 1e-6) view.scale = power;
    }
    stage.changed();
  }

  /**
   * Move the eye to a place on the sky.
   * @param {number} ra  degrees
   * @param {number} dec
   * @returns {boolean} it is on the images
   */
  goTo(ra, dec) {
    const at = this.plane?.toPixel(ra, dec);
    if (!at) return false;
    const { view } = this.stage;
    this.writeLink(true);
    [view.u, view.v] = [at[0] + 0.5, at[1] + 0.5];
    const inside = view.u >= 0 && view.v >= 0 && view.u <= view.columns && view.v <= view.rows;
    view.hold();
    this.stage.moved();
    return inside;
  }

  /** Write the place of the eye into the state, and the state into the address. */
  noteView() {
    if (!this.facts) return;
    const { view } = this.stage;
    const [x, y] = [view.u - 0.5, view.v - 0.5];
    const across = Math.min(view.width, view.height) / view.scale;
    this.state.rotation = view.rotation;
    if (this.plane) {
      this.state.at = this.plane.toSky(x, y);
      this.state.fov = across * this.plane.scale;
    } else {
      this.state.pixel = [x, y];
      this.state.fov = across;
    }
    this.writeLink();
  }

  /** @param {boolean} [jump]  "back" leads to what was before */
  writeLink(jump = false) {
    clearTimeout(this.timer);
    const write = () => {
      this.written = performance.now();
      history[jump ? "pushState" : "replaceState"](null, "", `#${formatLink(this.state)}`);
      this.dispatchEvent(new Event("linked"));
    };
    const wait = LINK_MS - (performance.now() - this.written);
    if (jump || wait <= 0) write();
    else this.timer = setTimeout(write, wait);
  }

  /** @returns {object} what the command `composite` would be given */
  get wishes() {
    return { ...this.state.wishes, channels: this.state.channels };
  }

  /**
   * Change what is wished for a channel.
   * @param {number} number
   * @param {Record<string, any>} wish  null takes a wish back
   */
  wishChannel(number, wish) {
    const image = this.facts.channels[number].id;
    let found = this.state.channels.find((one) => one.image === image);
    if (!found) this.state.channels.push((found = { image }));
    for (const [name, value] of Object.entries(wish)) {
      if (value === null) delete found[name];
      else found[name] = value;
    }
    if (Object.keys(found).length === 1) this.state.channels = this.state.channels.filter((one) => one !== found);
    this.restyle();
  }

  /** @param {Record<string, any>} wishes  for the whole picture; null takes one back */
  wish(wishes) {
    for (const [name, value] of Object.entries(wishes)) {
      if (value === null) delete this.state.wishes[name];
      else this.state.wishes[name] = value;
    }
    this.restyle();
  }

  /** Ask the server what the wishes come to, and draw it; while one question is out the newest one waits. */
  async restyle() {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    try {
      do {
        this.again = false;
        await this.askLook();
      } while (this.again);
      await this.askFinish();
    } catch (error) {
      this.failed(/** @type {Error} */ (error));
    } finally {
      this.asking = false;
      if (this.again) this.restyle();
    }
  }

  async askLook() {
    const look = await post("api/look", { images: this.state.images, wishes: this.wishes });
    await Promise.all([
      ...look.order.map((/** @type {number} */ number) => this.table(look, number, number, look.channels[number].table)),
      look.luminance && this.table(look, this.facts.channels.length, look.luminance.image, look.luminance.table, "light"),
    ]);
    this.look = look;
    this.stage.painter.look = look;
    this.stage.changed();
    this.writeLink();
    this.dispatchEvent(new Event("styled"));
  }

  /**
   * @param {any} look
   * @param {number} row
   * @param {number} image
   * @param {string} key
   * @param {string} [kind]
   */
  async table(look, row, image, key, kind = "") {
    const name = `${kind}${image}/${key}`;
    let table = this.tables.get(name);
    if (!table) {
      const answer = await ask(`table/${look.id}/${kind || image}/${key}`);
      table = new Float32Array(await answer.arrayBuffer());
      this.tables.set(name, table);
      if (this.tables.size > 200) this.tables.delete([...this.tables.keys()][0]);
    }
    this.stage.painter.setTable(row, table);
  }

  restoreTables() {
    if (!this.look) return;
    for (const row of this.look.order) {
      const table = this.tables.get(`${row}/${this.look.channels[row].table}`);
      if (table) this.stage.painter.setTable(row, table);
    }
    this.askFinish();
  }

  /** Ask how edges blend, when the look has come to rest. */
  async askFinish() {
    const look = this.look;
    const finish = await get(`api/finish/${look.id}`);
    let weights = null;
    if (finish.feather.shape[0]) {
      weights = new Uint16Array(await (await ask(`api/feather/${look.id}`)).arrayBuffer());
    }
    if (this.again || look !== this.look) return;
    this.stage.painter.setFinish(finish, weights);
    this.stage.changed();
    this.dispatchEvent(new CustomEvent("finished", { detail: finish }));
  }

  /** @param {Error} error */
  failed(error) {
    if (error.name === "AbortError") return;
    if (error instanceof ServerError && error.status === 410 && !this.reopening) {
      this.reopening = true;
      post("api/open", { images: this.state.images })
        .then(() => this.restyle())
        .finally(() => (this.reopening = false));
      return;
    }
    this.dispatchEvent(new CustomEvent("failed", { detail: error }));
  }
}
