// @ts-check
/** Colour bars: what a brightness of each channel means, in its unit. */

import { number } from "./dom.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./overlay.js").Overlay} Overlay */

const SHARES = [0, 0.25, 0.5, 0.75, 1];
const [WIDE, TALL, STEP] = [200, 8, 34];
/** Between two numbers, pixels. */
const GAP = 8;

/**
 * Draw the bars of the channels that are shown, with the overlay of this name.
 * @param {Model} model
 * @param {Overlay} overlay
 */
export function addColourBars(model, overlay) {
  overlay.more.push((pen) => {
    if (!model.look || !model.state.overlays.includes("colourbar")) return;
    const left = overlay.canvas.clientWidth - WIDE - 28;
    let top = overlay.canvas.clientHeight - 60 - STEP * model.look.order.length;
    for (const image of model.look.order) {
      drawBar(model, overlay, pen, image, left, top);
      top += STEP;
    }
  });
}

/**
 * @param {Model} model
 * @param {Overlay} overlay
 * @param {CanvasRenderingContext2D} pen
 * @param {number} image
 * @param {number} left
 * @param {number} top
 */
function drawBar(model, overlay, pen, image, left, top) {
  const channel = model.facts.channels[image];
  const told = model.look.channels[image];
  const table = model.tables.get(`${image}/${told.table}`);
  if (!table) return;
  const ramp = pen.createLinearGradient(left, 0, left + WIDE, 0);
  for (let n = 0; n <= 16; n++) ramp.addColorStop(n / 16, mixed(told.colour, n / 16));
  pen.fillStyle = "rgb(0 0 0 / 60%)";
  pen.fillRect(left - 8, top - 15, WIDE + 16, STEP - 2);
  pen.fillStyle = ramp;
  pen.fillRect(left, top, WIDE, TALL);
  pen.font = "10px system-ui, sans-serif";
  overlay.text(`${channel.label}  ${channel.unit}`, left, top - 4);
  const numbers = SHARES.map((share) => {
    const value = number(valueAt(table, share, channel.companding), 3);
    const wide = pen.measureText(value).width;
    return { value, at: share * (WIDE - wide), wide };
  });
  for (const one of apart(numbers)) overlay.text(one.value, left + one.at, top + TALL + 10);
}

/**
 * The numbers that find a place: both ends, and of those between what does not touch another.
 * @template {{at: number, wide: number}} Word
 * @param {Word[]} words  from left to right
 * @returns {Word[]}
 */
export function apart(words) {
  const [first, last] = [words[0], words[words.length - 1]];
  const found = [first];
  for (const word of words.slice(1, -1)) {
    const before = found[found.length - 1];
    if (word.at >= before.at + before.wide + GAP && word.at + word.wide + GAP <= last.at) found.push(word);
  }
  return [...found, last];
}

/**
 * @param {string} colour  #rrggbb
 * @param {number} light  linear, 0 to 1
 */
function mixed(colour, light) {
  const shown = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  const parts = [1, 3, 5].map((at) => Math.round(parseInt(colour.slice(at, at + 2), 16) * shown));
  return `rgb(${parts.join(" ")})`;
}

/**
 * The value that is as bright as this; tables never fall.
 * @param {Float32Array} table  brightness of every sample
 * @param {number} share
 * @param {{sky: number, softening: number, first: number, last: number}} how
 */
export function valueAt(table, share, how) {
  let [low, high] = [1, 65535];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (share === 0 ? table[middle] > 0 : table[middle] >= Math.fround(share)) high = middle;
    else low = middle + 1;
  }
  const sample = share === 0 ? Math.max(1, low - 1) : low;
  return how.sky + how.softening * Math.sinh(how.first + ((sample - 1) * (how.last - how.first)) / 65534);
}
