// @ts-check
/** Outlines on the sky, as a small map. */

import { angle } from "./wcs.js";

const SIDE = 420;
const RIM = 24;

/**
 * @param {string | null} text  an S_REGION of MAST
 * @returns {[number, number][] | null}
 */
export function parsePolygon(text) {
  const words = (text || "").trim().split(/\s+/);
  if (words[0]?.toUpperCase() !== "POLYGON") return null;
  const numbers = words.slice(1).map(Number).filter((value) => Number.isFinite(value));
  const points = [];
  for (let n = 0; n + 1 < numbers.length; n += 2) points.push(/** @type {[number, number]} */ ([numbers[n], numbers[n + 1]]));
  return points.length > 2 ? points : null;
}

/**
 * @param {[number, number][][]} outlines  RA and Dec, degrees
 * @returns {SVGElement} north up, east to the left
 */
export function footprintMap(outlines) {
  const first = outlines[0][0];
  const shrink = Math.max(0.05, Math.cos((first[1] * Math.PI) / 180));
  const flat = outlines.map((outline) => outline.map(([ra, dec]) =>
    [-(((((ra - first[0] + 180) % 360) + 360) % 360) - 180) * shrink, -dec]));
  const all = flat.flat();
  const [left, right] = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))];
  const [top, bottom] = [Math.min(...all.map(([, y]) => y)), Math.max(...all.map(([, y]) => y))];
  const scale = (SIDE - 2 * RIM) / (Math.max(right - left, bottom - top) || 1);
  const height = Math.max(120, (bottom - top) * scale + 2 * RIM);
  const space = "http://www.w3.org/2000/svg";
  const map = document.createElementNS(space, "svg");
  map.setAttribute("viewBox", `0 0 ${SIDE} ${height}`);
  map.setAttribute("class", "footprints");
  map.setAttribute("role", "img");
  map.setAttribute("aria-label", `${outlines.length} footprints, ${angle(Math.max(right - left, bottom - top))} across`);
  for (const outline of flat) {
    const shape = document.createElementNS(space, "polygon");
    shape.setAttribute("points", outline.map(([x, y]) => `${RIM + (x - left) * scale},${RIM + (y - top) * scale}`).join(" "));
    map.append(shape);
  }
  const label = document.createElementNS(space, "text");
  label.setAttribute("x", String(SIDE - 8));
  label.setAttribute("y", String(height - 8));
  label.textContent = `${angle(Math.max(right - left, bottom - top))} · north up`;
  map.append(label);
  return map;
}
