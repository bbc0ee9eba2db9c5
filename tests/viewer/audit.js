// What keeps people out of a page: elements without a name, words that do not stand out, what hangs over the edge.
const found = [];
const width = document.documentElement.clientWidth;
const seen = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";
const shortly = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 110);

const controls = "button, a[href], input, select, textarea, summary, canvas[tabindex], [role=slider], [role=tab], [role=radio]";
for (const element of document.querySelectorAll(controls)) {
  if (!seen(element)) continue;
  const labels = [...(element.labels || [])].map((label) => label.textContent).join("");
  const name = element.getAttribute("aria-label") || labels || element.textContent || element.title;
  if (!name.trim()) found.push(`no name: ${shortly(element)}`);
}
for (const image of document.querySelectorAll("img:not([alt])")) found.push(`no words for: ${shortly(image)}`);

const parsed = (colour) => {
  const parts = colour.match(/-?[\d.]+(?:e-?\d+)?/g).map(Number);
  const scaled = colour.startsWith("color(") ? parts.slice(0, 3).map((part) => part * 255) : parts.slice(0, 3);
  return [...scaled, parts.length > 3 ? parts[3] : 1];
};
const over = (top, ground) => [0, 1, 2].map((n) => top[n] * top[3] + ground[n] * (1 - top[3]));
const groundOf = (element) => {
  const layers = [];
  for (let one = element; one; one = one.parentElement) {
    const style = getComputedStyle(one);
    if (style.backgroundImage !== "none" || one.id === "stage") return null; // over a picture
    const colour = parsed(style.backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] === 1) break;
  }
  return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255]);
};
const light = (colour) => {
  const [r, g, b] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let measured = 0;
while (words.nextNode()) {
  const element = words.currentNode.parentElement;
  if (!words.currentNode.textContent.trim() || !seen(element) || element.closest(":disabled, script, option")) continue;
  const ground = groundOf(element);
  if (!ground) continue;
  const style = getComputedStyle(element);
  const [high, low] = [light(over(parsed(style.color), ground)), light(ground)].sort((a, b) => b - a);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
  const ratio = (high + 0.05) / (low + 0.05);
  measured++;
  if (ratio < (large ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${shortly(element)}`);
}

if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} px wide, not ${width}`);
for (const element of document.querySelectorAll("main *")) {
  if (!seen(element) || element.closest("#stage, svg")) continue;
  let scrolls = false;
  for (let one = element.parentElement; one && !scrolls; one = one.parentElement) {
    scrolls = ["auto", "scroll"].includes(getComputedStyle(one).overflowX) && one.id !== "page" && one.id !== "sheets";
  }
  if (!scrolls && element.getBoundingClientRect().right > width + 1) found.push(`over the edge: ${shortly(element)}`);
}
return { found, measured };
