// @ts-check
/** What can be made: recipes of a target, with reasons, costs, and the way to each. */

import { get, post } from "./api.js";
import { el, number, say, size } from "./dom.js";

/** @typedef {import("./pages.js").Context} Context */

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
export async function show(place, context) {
  const target = el("input", { type: "search", placeholder: "NGC 3132, or 151.757 -40.436", "aria-label": "target or position", required: true });
  const offline = el("input", { type: "checkbox", "aria-label": "ask nobody: only what is known here" });
  const results = el("div", { class: "recipes", "aria-live": "polite" });
  const wishes = () => {
    const words = target.value.trim();
    const pair = words.match(/^([+-]?\d+(?:\.\d*)?)[\s,]+([+-]?\d+(?:\.\d*)?)$/);
    return { ...(pair ? { ra: Number(pair[1]), dec: Number(pair[2]) } : { target: words }), offline: offline.checked };
  };
  const search = async () => {
    const asked = wishes();
    results.replaceChildren(el("p", { class: "hint" }, "looking for what can be made …"));
    try {
      const found = await post("api/discover", { wishes: asked });
      results.replaceChildren(...(found.length
        ? found.map((/** @type {any} */ recipe) => card(recipe, asked, context))
        : [el("div", { class: "empty" }, el("p", {}, "Nothing can be made here yet."), el("p", {}, "Try a larger field, or another target."))]));
    } catch (error) {
      results.replaceChildren(el("p", { class: "empty" }, /** @type {Error} */ (error).message));
    }
  };
  const known = await get("api/discover");
  place.replaceChildren(
    el("h1", {}, "What can be made"),
    el("form", { class: "filters", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); search(); } },
      target, el("button", { class: "main" }, "Find recipes"), el("label", {}, offline, " only what is known here")),
    results,
    el("h3", {}, "Featured targets"),
    el("div", { class: "cards" }, ...known.map((/** @type {any} */ one) => el("article", { class: "product" },
      el("button", { class: "quiet title", onclick: () => { target.value = one.name; search(); place.scrollTo(0, 0); } }, one.title),
      el("div", { class: "badges" }, el("span", { class: "badge" }, one.category)), el("small", {}, one.says)))),
  );
}

/**
 * @param {any} recipe
 * @param {object} wishes
 * @param {Context} context
 * @returns {HTMLElement}
 */
function card(recipe, wishes, context) {
  const command = el("pre", { tabindex: "0" }, recipe.command);
  const [fast, slow] = recipe.seconds;
  return el("article", { class: "card recipe" },
    el("h2", {}, recipe.name),
    el("div", { class: "badges" }, el("span", { class: "badge" }, recipe.kind), ...recipe.filters.map((/** @type {string} */ name) =>
      el("span", { class: "badge" }, el("i", { class: "dot", style: `background: ${recipe.colours[name] || "#888888"}` }), name)),
      recipe.luminance ? el("span", { class: "badge" }, `lightness of ${recipe.luminance}`) : null),
    el("p", {}, recipe.reasons),
    el("p", { class: "hint" }, [
      `${recipe.width} × ${recipe.height} px`, `${number(recipe.common_area_arcmin2, 3)} arcmin² in common`,
      `${recipe.here} of ${recipe.inputs} inputs here`, `${size(recipe.bytes_to_fetch)} to fetch (${recipe.bytes_from})`,
      `${size(recipe.memory_bytes)} of memory`, `${number(fast / 60, 2)} to ${number(slow / 60, 2)} min`,
    ].join(" · ")),
    ...recipe.warnings.map((/** @type {string} */ text) => el("p", { class: "stale" }, text)),
    command,
    el("div", { class: "row end" },
      el("button", { class: "quiet", onclick: () => navigator.clipboard.writeText(recipe.command).then(() => say("Command copied.")) }, "Copy the command"),
      el("button", { class: "main", disabled: !context.site.write, title: context.site.write ? "" : "start the viewer with --write",
        onclick: async () => {
          try {
            const job = await post("api/discover/make", { wishes, command: recipe.command });
            say(`Asked for: ${job.title}. The page of jobs shows how far it is.`);
          } catch (error) {
            say(/** @type {Error} */ (error).message, "fault");
          }
        } }, "Make it")),
  );
}
