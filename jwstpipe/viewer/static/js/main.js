// @ts-check
/** The page: who listens to whom. */

import { enter, get, requestCount } from "./api.js";
import { ChannelPanel } from "./channels.js";
import { addColourBars } from "./colourbar.js";
import { ComparePanel } from "./compare.js";
import { byId, el, say } from "./dom.js";
import { listenToHands, movingKeys } from "./gestures.js";
import { formatLink, formatLook, parseLink, parseLook } from "./link.js";
import { Model } from "./model.js";
import { Outlines } from "./outlines.js";
import { Overlay } from "./overlay.js";
import { buildPages, isProductPage } from "./pages.js";
import { PicturePanel } from "./picture.js";
import { PixelPanel } from "./pixel.js";
import { Readout } from "./readout.js";
import { RegionPanel } from "./regions.js";
import { SourcePanel } from "./sources.js";
import { Stage } from "./stage.js";
import { buildTabs, buildTools, showHelp, useTheme } from "./tools.js";

useTheme();
let { state, token, notes } = parseLink(location.hash);
const kept = location.hash.match(/[#&]view=([0-9a-f]{20})(?:&|$)/);
if (token) {
  history.replaceState(null, "", kept ? `#v=1&view=${kept[1]}` : `#${formatLink(state)}`);
  try {
    await enter(token);
  } catch (error) {
    say(/** @type {Error} */ (error).message, "note");
  }
}
/** @param {string} title @param {...(Node | string)} more */
function tellEmpty(title, ...more) {
  const place = byId("empty");
  place.replaceChildren(el("h2", {}, title), ...more);
  place.hidden = false;
  document.body.classList.add("bare");
}

async function start() {
  if (kept) ({ state, notes } = parseLink(`#${(await get(`api/views/${kept[1]}`)).link}`));
  for (const note of notes) say(note);
  const known = await get("api/images");
  const { open: openPage, site } = await buildPages(state);
  await openPage(state.panel);
  if (site.pages && isProductPage(state.panel)) return;
  if (!state.images.length) state.images = known.map((/** @type {any} */ one) => one.id);
  if (!state.images.length && site.library) {
    tellEmpty("Nothing is chosen", el("p", {}, "Choose cards in the ",
      el("a", { href: "#v=1&panel=library", onclick: () => openPage("library") }, "library"), " and press View: they open here, together."));
    await openPage(state.panel || "library");
    return;
  }
  if (!state.images.length) {
    tellEmpty(
      "Nothing to look at yet",
      el("img", { src: "static/demo.jpg", alt: "the picture that the demo makes: a simulated nebula", width: 320, height: 240 }),
      el("p", {}, "Name images when you start the viewer:"),
      el("pre", {}, "jwstpipe view f090w.zarr f200w.zarr f444w.zarr"),
      el("p", {}, "No images at hand? The demo makes a small sky, from the archive to mosaics, in some minutes:"),
      el("pre", {}, "jwstpipe demo"),
    );
    return;
  }
  const canvas = byId("sky");
  const surface = byId("over");
  let stage;
  try {
    stage = new Stage(canvas);
  } catch {
    const { showPlain } = await import("./plain.js");
    await showPlain(state);
    return;
  }
  const model = new Model(stage, state);
  model.site = site;
  const overlay = new Overlay(model, surface);
  const readout = new Readout(model, surface);
  new ChannelPanel(model);
  new PicturePanel(model);
  const compare = new ComparePanel(model);
  const regions = new RegionPanel(model, overlay, surface);
  const pixel = new PixelPanel(model, overlay);
  const sources = new SourcePanel(model, overlay);
  const outlines = new Outlines(model, overlay);
  addColourBars(model, overlay);
  const openTab = buildTabs(model);
  const keys = Object.assign(buildTools(model, overlay), movingKeys(stage), {
    b: { text: "blink two images", run: () => compare.toggle("blink") },
    x: { text: "swap the two", run: () => compare.swap() },
    c: { text: "draw a circle", run: () => { openTab("regions"); regions.take("circle"); } },
    Escape: { text: "let go of what is being drawn", run: () => regions.take("") },
  });
  listenToHands(stage, surface, {
    tap: (x, y) => {
      canvas.focus({ preventScroll: true });
      if (sources.tap(x, y)) openTab("sources");
      else {
        openTab("pixel");
        pixel.tap(x, y);
      }
    },
    busy: () => regions.busy,
  });
  listenToKeys(keys);
  tellAbout(model);
  Object.assign(window, {
    viewer: {
      model, stage, overlay, readout, compare, regions, pixel, sources, outlines, requestCount,
      link: { parseLink, formatLink, parseLook, formatLook },
      get settled() {
        return stage.settled;
      },
    },
  });
  await seen(byId("stage"));
  tellWaiting(model);
  await model.open();
  if (!(await sources.open())) byId("tab-sources").hidden = true;
}

/**
 * Wait until a page has given way to the picture: nothing is opened that nobody looks at.
 * @param {HTMLElement} stage
 * @returns {Promise<void>}
 */
function seen(stage) {
  if (!stage.hidden) return Promise.resolve();
  return new Promise((resolve) => stage.addEventListener("seen", () => resolve(), { once: true }));
}

/**
 * Say that the first picture is on its way, until there is one; where there is none, why.
 * @param {Model} model
 */
function tellWaiting(model) {
  const place = byId("waiting");
  const { images } = model.state;
  place.textContent = images.length > 1 ? `opening ${images.length} images …` : "opening the image …";
  place.hidden = false;
  const done = new AbortController();
  const end = () => {
    place.hidden = true;
    done.abort();
  };
  const { signal } = done;
  model.addEventListener("opened", () => (place.textContent = "rendering …"), { signal });
  model.stage.addEventListener("drawn", () => model.stage.tiles?.fetched && end(), { signal });
  model.stage.addEventListener("settled", end, { signal });
  model.addEventListener("failed", (event) => {
    end();
    tellEmpty("This cannot be shown", el("p", {}, /** @type {CustomEvent} */ (event).detail.message));
  }, { signal });
}

/** @param {Record<string, {text: string, run: (event: KeyboardEvent) => void}>} keys */
function listenToKeys(keys) {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
    if (event.key === "?") showHelp(keys);
    const found = keys[event.key];
    if (!found || byId("dialog").open || (event.key.startsWith("Arrow") && target.getAttribute("role") === "slider")) {
      return;
    }
    event.preventDefault();
    found.run(event);
  });
}

/** @param {Model} model */
function tellAbout(model) {
  const { stage } = model;
  const settling = byId("settling");
  model.addEventListener("opened", () => {
    const targets = model.facts.channels.map((/** @type {any} */ one) => one.target).filter(Boolean);
    const title = targets[0] || model.facts.channels[0].name;
    byId("title").textContent = byId("title").title = title;
    document.title = `${title} · jwstpipe`;
    for (const note of model.facts.notes.slice(0, 3)) say(note);
  });
  model.addEventListener("failed", (event) => {
    settling.hidden = true;
    say(/** @type {CustomEvent} */ (event).detail.message, "fault");
  });
  stage.addEventListener("settling", () => (settling.hidden = false));
  for (const name of ["settled", "moved", "failed"]) stage.addEventListener(name, () => (settling.hidden = true));
  stage.addEventListener("drawn", () => {
    const scale = stage.view.scale / stage.coarse;
    byId("zoom").textContent = scale >= 1 ? `${Number(scale.toPrecision(3))}:1` : `1:${Number((1 / scale).toPrecision(3))}`;
  });
}

try {
  await start();
} catch (error) {
  const known = /** @type {any} */ (error);
  if (known.status === 401) {
    tellEmpty(
      "The door is closed",
      el("p", {}, "Open the address that ", el("code", {}, "jwstpipe view"), " printed: it lets one browser in."),
      el("form", { class: "door", onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        const word = /** @type {HTMLFormElement} */ (event.target).querySelector("input")?.value || "";
        await enter("", word).then(() => location.reload(), (fault) => say(fault.message, "fault"));
      } }, el("input", { type: "password", placeholder: "or the password of the home", "aria-label": "password of the home" }),
      el("button", { class: "main" }, "Enter")),
    );
  } else {
    byId("waiting").hidden = true;
    tellEmpty("This cannot be shown", el("p", {}, known.message));
  }
}
