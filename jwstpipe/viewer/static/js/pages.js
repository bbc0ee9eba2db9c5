// @ts-check
/** The pages beside the picture, and the way between them. */

import { get } from "./api.js";
import { byId, el } from "./dom.js";
import { formatLink } from "./link.js";

/** @typedef {import("./link.js").State} State */
/** @typedef {{pages: boolean, write: boolean, library: boolean, user: string | null}} Site */
/** @typedef {{state: State, site: Site, view: (images: string[], panel?: string) => void}} Context */

/** @type {[string, string, () => Promise<{show: (place: HTMLElement, context: Context) => Promise<void>}>][]} */
const PAGES = [
  ["library", "Library", () => import("./library.js")],
  ["find", "Find", () => import("./find.js")],
  ["discover", "Discover", () => import("./discover.js")],
  ["search", "Search", () => import("./search.js")],
  ["mosaic", "Mosaic", () => import("./mosaic.js")],
  ["jobs", "Jobs", () => import("./jobs.js")],
  ["status", "Status", () => import("./status.js")],
];

/** Pages of one product: the library leads to them. */
/** @type {[string, string, () => Promise<{show: (place: HTMLElement, context: Context) => Promise<void>}>][]} */
const PRODUCT_PAGES = [
  ["spectrum", "Spectrum", () => import("./spectrum.js")],
  ["table", "Table", () => import("./table.js")],
  ["cube", "Cube", () => import("./cube.js")],
];

/**
 * @param {string} name
 * @returns {boolean} the page shows one product, and there is no picture behind it
 */
export const isProductPage = (name) => PRODUCT_PAGES.some(([known]) => known === name);

/**
 * Build the way between the pages; gives what opens one.
 * @param {State} state
 * @returns {Promise<{open: (name: string) => Promise<void>, site: Site}>}
 */
export async function buildPages(state) {
  const site = await get("api/site");
  const nav = byId("pages");
  if (!site.pages) {
    nav.hidden = true;
    return { open: async () => {}, site };
  }
  const links = [["", "View"], ...PAGES].map(([name, text]) => el(
    "a", { href: `#v=1&panel=${name}`, "data-page": name, onclick: (/** @type {Event} */ event) => {
      event.preventDefault();
      open(String(name));
    } }, text,
  ));
  nav.replaceChildren(...links);

  /**
   * @param {string[]} images  to look at, in place of what is looked at
   * @param {string} [panel]  the page that shows them; the picture, if there is none
   */
  const view = (images, panel = "") => {
    location.hash = `v=1${panel && `&panel=${panel}`}&${images.map((image) => `i=${encodeURIComponent(image)}`).join("&")}`;
    location.reload();
  };

  /** @param {string} name */
  const open = async (name) => {
    if (isProductPage(state.panel) && name !== state.panel) {
      view([], name);
      return;
    }
    const found = [...PAGES, ...PRODUCT_PAGES].find(([known]) => known === name);
    for (const link of links) {
      if (link.dataset.page === (found ? name : "")) {
        link.setAttribute("aria-current", "page");
        link.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else link.removeAttribute("aria-current");
    }
    for (const id of ["stage", "panel", "tools"]) byId(id).hidden = Boolean(found);
    const page = byId("page");
    page.hidden = !found;
    const seen = found ? name : state.panel;
    if (found || [...PAGES, ...PRODUCT_PAGES].some(([known]) => known === state.panel)) state.panel = found ? seen : "";
    history.replaceState(null, "", `#${formatLink(state)}`);
    if (!found) {
      byId("stage").dispatchEvent(new Event("seen"));
      return;
    }
    page.replaceChildren(el("p", { class: "hint" }, "loading …"));
    try {
      await (await found[2]()).show(page, { state, site, view });
    } catch (error) {
      page.replaceChildren(el("h1", {}, found[1]), el("p", { class: "empty" }, /** @type {Error} */ (error).message));
    }
  };
  return { open, site };
}
