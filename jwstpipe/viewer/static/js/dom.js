// @ts-check
/** Small helpers for the page's elements. */

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties]  attributes; `on...` are listeners
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child || child === "")));
  return element;
}

/**
 * @param {string} id
 * @returns {any} an element that stands in index.html
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/**
 * @param {string} path  of a 16 x 16 drawing
 * @returns {SVGElement}
 */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

/**
 * Say something in passing.
 * @param {string} text
 * @param {"note" | "fault"} [kind]
 */
export function say(text, kind = "note") {
  const toast = el("p", { class: `toast ${kind}`, role: kind === "fault" ? "alert" : "status" }, text);
  byId("toasts").append(toast);
  setTimeout(() => toast.remove(), kind === "fault" ? 9000 : 4000);
}

/** Small pictures begin to load when they come near to what is seen. */
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    near.unobserve(entry.target);
    entry.target.dispatchEvent(new Event("near"));
  }
}, { rootMargin: "200px" });

/**
 * A small picture: a sign that it is being made, then the picture, or the reason why there is none.
 * @param {() => Promise<Response>} load
 * @param {{alt?: string, kind?: string}} [options]
 * @returns {HTMLElement}
 */
export function shot(load, { alt = "", kind = "shot" } = {}) {
  const image = el("img", { alt, hidden: true });
  const told = el("span", { class: "told" }, "rendering …");
  const box = el("div", { class: `${kind} waiting`, "aria-busy": "true" }, image, told);
  box.addEventListener("near", async () => {
    try {
      const address = URL.createObjectURL(await (await load()).blob());
      image.src = address;
      await image.decode();
      URL.revokeObjectURL(address);
      image.hidden = false;
      told.remove();
    } catch (error) {
      told.textContent = told.title = /** @type {Error} */ (error).message || "no picture";
      box.classList.add("failed");
    }
    box.classList.remove("waiting");
    box.removeAttribute("aria-busy");
  }, { once: true });
  near.observe(box);
  return box;
}

/**
 * A number as people read it.
 * @param {number | null | undefined} value
 * @param {number} [digits]
 * @returns {string}
 */
export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "no data";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(digits - 1);
  return String(Number(value.toPrecision(digits)));
}

/**
 * @param {number} bytes
 * @returns {string}
 */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let power = 0;
  for (; bytes >= 1000 && power < units.length - 1; power++) bytes /= 1000;
  return `${bytes < 10 && power ? bytes.toFixed(1) : Math.round(bytes)} ${units[power]}`;
}

/**
 * How long something took, as people say it.
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * A labelled slider that tells its value.
 * @param {{label: string, value: number, min: number, max: number, step?: number, usual?: number,
 *   changed: (value: number, done: boolean) => void, text?: (value: number) => string}} options
 * @returns {HTMLElement}
 */
export function slider({ label, value, min, max, step = 0.01, usual, changed, text = (one) => number(one, 3) }) {
  const told = el("output", {}, text(value));
  const input = el("input", { type: "range", min, max, step, "aria-label": label });
  input.value = String(value);
  /** @param {boolean} done */
  const tell = (done) => {
    told.textContent = text(Number(input.value));
    changed(Number(input.value), done);
  };
  input.addEventListener("input", () => tell(false));
  input.addEventListener("change", () => tell(true));
  if (usual !== undefined) {
    input.addEventListener("dblclick", () => {
      input.value = String(usual);
      tell(true);
    });
    input.title = `double click: ${text(usual)}`;
  }
  return el("label", { class: "slider" }, el("span", {}, label), input, told);
}

/**
 * @param {{label: string, value: string, choices: [string, string][], changed: (value: string) => void}} options
 * @returns {HTMLElement}
 */
export function select({ label, value, choices, changed }) {
  const list = el(
    "select", { "aria-label": label, onchange: () => changed(list.value) },
    ...choices.map(([key, text]) => el("option", { value: key, selected: key === value }, text)),
  );
  return el("label", { class: "choice" }, el("span", {}, label), list);
}
