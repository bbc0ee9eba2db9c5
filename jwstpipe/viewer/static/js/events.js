// @ts-check
/** What the server tells by itself: one answer that goes on, asked for again when it ends. */

import { ask } from "./api.js";

const PAUSE_MS = 3000;

/**
 * Listen until the signal says no more.
 * @param {string} path
 * @param {(told: any) => void} tell
 * @param {AbortSignal} signal
 */
export async function listen(path, tell, signal) {
  while (!signal.aborted) {
    try {
      await seen(signal);
      const answer = await ask(path, { signal });
      await read(/** @type {ReadableStream<Uint8Array>} */ (answer.body), tell);
    } catch (error) {
      if (signal.aborted) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {(told: any) => void} tell
 */
async function read(body, tell) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split("\n\n");
    text = /** @type {string} */ (events.pop());
    for (const event of events) {
      const data = event.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
      if (data.length) tell(JSON.parse(data.join("\n")));
    }
  }
}

/**
 * Wait until somebody looks at the page.
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function seen(signal) {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(), { once: true, signal });
  });
}
