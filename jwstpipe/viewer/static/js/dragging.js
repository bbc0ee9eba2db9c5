// @ts-check
/** Taking a thing by its handle and letting it go on another, by mouse, finger or keys. */

/**
 * @param {HTMLElement} handle
 * @param {{targets: string, drop: (target: HTMLElement) => void, step: (by: 1 | -1) => void}} options  `targets`: what
 *   it may be let go on, as a selector; `step`: what the arrow keys do
 */
export function draggable(handle, { targets, drop, step }) {
  /** @type {HTMLElement | null} */
  let over = null;
  /** @param {HTMLElement | null} next */
  const mark = (next) => {
    over?.classList.remove("over");
    over = next;
    over?.classList.add("over");
  };
  /** @param {boolean} held */
  const hold = (held) => handle.closest(".card")?.classList.toggle("held", held);
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    hold(true);
  });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest(targets);
    const own = handle.closest(targets);
    mark(under && under !== own ? /** @type {HTMLElement} */ (under) : null);
  });
  handle.addEventListener("pointerup", () => {
    const found = over;
    mark(null);
    hold(false);
    if (found) drop(found);
  });
  handle.addEventListener("pointercancel", () => {
    mark(null);
    hold(false);
  });
  handle.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    event.stopPropagation();
    step(event.key === "ArrowUp" ? -1 : 1);
  });
}
