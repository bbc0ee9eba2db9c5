// @ts-check
/** Hand, wheel, keys, fingers: what moves the view. */

/** @typedef {import("./stage.js").Stage} Stage */

const STEP = 0.25;

/**
 * @param {Stage} stage
 * @param {HTMLElement} surface  that takes the events
 * @param {{tap: (x: number, y: number, event: PointerEvent) => void, busy: () => boolean}} others
 */
export function listenToHands(stage, surface, others) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  let travelled = 0;

  /** @param {{clientX: number, clientY: number}} event */
  const at = (event) => {
    const frame = surface.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };
  /** @param {{x: number, y: number}} place  of the page */
  const device = (place) => {
    const density = stage.canvas.width / surface.clientWidth;
    return { x: place.x * density, y: place.y * density };
  };

  surface.addEventListener("pointerdown", (event) => {
    if (others.busy() || event.button > 1) return;
    surface.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    travelled = 0;
    surface.classList.add("held");
  });

  surface.addEventListener("pointermove", (event) => {
    const held = fingers.get(event.pointerId);
    if (!held) return;
    const next = at(event);
    fingers.set(event.pointerId, next);
    travelled += Math.abs(next.x - held.x) + Math.abs(next.y - held.y);
    stage.begin();
    const [before, now] = [device(held), device(next)];
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) pinch(stage, before, now, device(other), event.altKey);
    else if (event.shiftKey && event.buttons) turn(stage, before, now);
    else {
      const [u, v] = stage.view.toImage(before.x, before.y);
      stage.view.pin(u, v, now.x, now.y);
    }
    stage.moved();
  });

  /** @param {PointerEvent} event */
  const lift = (event) => {
    const place = fingers.get(event.pointerId);
    fingers.delete(event.pointerId);
    if (!fingers.size) surface.classList.remove("held");
    if (!place || travelled >= 6 || event.type !== "pointerup") return;
    const { x, y } = device(place);
    others.tap(x, y, event);
  };
  surface.addEventListener("pointerup", lift);
  surface.addEventListener("pointercancel", lift);

  surface.addEventListener("wheel", (event) => {
    event.preventDefault();
    stage.begin();
    const { x, y } = device(at(event));
    const lines = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    stage.view.zoomAt(2 ** (-Math.max(-240, Math.min(240, lines)) / 240), x, y);
    stage.moved();
  }, { passive: false });

  surface.addEventListener("dblclick", (event) => {
    const { x, y } = device(at(event));
    stage.view.zoomAt(event.shiftKey ? 0.5 : 2, x, y);
    stage.moved();
  });
}

/**
 * @param {Stage} stage
 * @param {{x: number, y: number}} before
 * @param {{x: number, y: number}} now
 * @param {{x: number, y: number}} other  the finger that rests
 * @param {boolean} straight  do not turn
 */
function pinch(stage, before, now, other, straight) {
  const wide = Math.hypot(before.x - other.x, before.y - other.y) || 1;
  const wider = Math.hypot(now.x - other.x, now.y - other.y) || 1;
  stage.view.zoomAt(wider / wide, other.x, other.y);
  if (straight) return;
  const turned = Math.atan2(now.y - other.y, now.x - other.x) - Math.atan2(before.y - other.y, before.x - other.x);
  const [u, v] = stage.view.toImage(other.x, other.y);
  stage.view.rotation = wrapped(stage.view.rotation + (turned * 180) / Math.PI);
  stage.view.pin(u, v, other.x, other.y);
}

/**
 * @param {Stage} stage
 * @param {{x: number, y: number}} before
 * @param {{x: number, y: number}} now
 */
function turn(stage, before, now) {
  const { width, height } = stage.view;
  const angle = Math.atan2(now.y - height / 2, now.x - width / 2)
    - Math.atan2(before.y - height / 2, before.x - width / 2);
  stage.view.rotation = wrapped(stage.view.rotation + (angle * 180) / Math.PI);
}

/** @param {number} degrees */
export function wrapped(degrees) {
  const turned = ((((degrees + 180) % 360) + 360) % 360) - 180;
  return Math.abs(turned) < 1e-9 ? 0 : turned;
}

/**
 * The key of a gesture, to what it does; shown in the help too.
 * @param {Stage} stage
 * @returns {Record<string, {text: string, run: (event: KeyboardEvent) => void}>}
 */
export function movingKeys(stage) {
  const { view } = stage;
  /** @param {number} dx @param {number} dy */
  const pan = (dx, dy) => () => {
    const [u, v] = view.toImage(view.width / 2, view.height / 2);
    view.pin(u, v, view.width * (0.5 - dx * STEP), view.height * (0.5 - dy * STEP));
    stage.moved();
  };
  /** @param {number} factor */
  const zoom = (factor) => () => {
    view.zoomAt(factor, view.width / 2, view.height / 2);
    stage.moved();
  };
  /** @param {number} degrees */
  const rotate = (degrees) => () => {
    view.rotation = wrapped(degrees ? view.rotation + degrees : 0);
    stage.moved();
  };
  return {
    ArrowLeft: { text: "move left", run: pan(-1, 0) },
    ArrowRight: { text: "move right", run: pan(1, 0) },
    ArrowUp: { text: "move up", run: pan(0, -1) },
    ArrowDown: { text: "move down", run: pan(0, 1) },
    "+": { text: "zoom in", run: zoom(2) },
    "=": { text: "zoom in", run: zoom(2) },
    "-": { text: "zoom out", run: zoom(0.5) },
    1: { text: "one pixel on one pixel", run: () => { view.scale = 1; stage.moved(); } },
    0: { text: "show all", run: () => { view.fit(stage.facts.covered); stage.moved(); } },
    ",": { text: "turn left", run: rotate(-15) },
    ".": { text: "turn right", run: rotate(15) },
    n: { text: "upright again", run: rotate(0) },
  };
}
