// @ts-check
/** Without WebGL2: the renderer's own windows alone, JPEG while the view moves. */

import { ask, get, post } from "./api.js";
import { byId, say } from "./dom.js";
import { Viewport } from "./viewport.js";

/** @param {import("./link.js").State} state */
export async function showPlain(state) {
  const facts = await post("api/open", { images: state.images });
  const wishes = { ...state.wishes, channels: state.channels };
  const look = await post("api/look", { images: state.images, wishes });
  await get(`api/finish/${look.id}`);
  const canvas = byId("sky");
  const surface = byId("over");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const view = new Viewport();
  [view.rows, view.columns] = facts.shape;
  view.levels = facts.levels;
  view.width = canvas.width = canvas.clientWidth;
  view.height = canvas.height = canvas.clientHeight;
  view.fit(facts.covered);
  const told = { settled: 0 };
  let leaving = new AbortController();

  /** @param {"png" | "jpg"} form */
  const draw = async (form) => {
    leaving.abort();
    leaving = new AbortController();
    const { signal } = leaving;
    const level = view.level;
    const box = view.window(level);
    if (!box) return;
    const answer = await ask(`exact/${look.id}/${level}/${box.y0},${box.x0},${box.y1},${box.x1}.${form}`, { signal });
    const bitmap = await createImageBitmap(await answer.blob());
    if (signal.aborted) return;
    const size = 2 ** level;
    const [left, top] = view.toScreen(box.x0 * size, box.y1 * size);
    const [right, bottom] = view.toScreen(box.x1 * size, box.y0 * size);
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingEnabled = view.scale < 1;
    pen.drawImage(bitmap, left, top, right - left, bottom - top);
    if (form === "png") told.settled++;
  };
  let timer = 0;
  const moved = () => {
    draw("jpg").catch(() => {});
    clearTimeout(timer);
    timer = window.setTimeout(() => draw("png").catch((error) => say(error.message, "fault")), 400);
  };
  surface.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    event.preventDefault();
    view.zoomAt(2 ** (-event.deltaY / 240), event.offsetX, event.offsetY);
    moved();
  }, { passive: false });
  surface.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (!event.buttons) return;
    const [u, v] = view.toImage(event.offsetX - event.movementX, event.offsetY - event.movementY);
    view.pin(u, v, event.offsetX, event.offsetY);
    moved();
  });
  Object.assign(window, { viewer: told });
  say("This browser has no WebGL2: the server renders every view, and the controls are left out.");
  await draw("png");
}
