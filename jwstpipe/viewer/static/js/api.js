// @ts-check
/** Questions to the server: every request of the page goes through here. */

/** What the server answers when it says no. */
export class ServerError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

let session = sessionStorage.getItem("session") || "";
let requests = 0;

/** @returns {number} how many requests were made, for those who count them */
export const requestCount = () => requests;

/**
 * Exchange the token of the address for a session, once.
 * @param {string} token
 * @param {string} [password]  of the home, in its place
 */
export async function enter(token, password = "") {
  const answer = await post("api/enter", { token, password });
  if (answer.session) {
    session = answer.session;
    sessionStorage.setItem("session", session);
  }
}

/**
 * Ask, and wait where the server is busy.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  if (session) headers.set("authorization", `Bearer ${session}`);
  for (let attempt = 0; ; attempt++) {
    requests++;
    const answer = await fetch(path, { ...options, headers });
    if (answer.ok) return answer;
    const pause = answer.headers.get("retry-after");
    if (pause && attempt < 8) {
      await sleep(1000 * Number(pause) * (0.5 + Math.random()), options.signal);
      continue;
    }
    throw new ServerError(await reason(answer), answer.status);
  }
}

/**
 * @param {Response} answer
 * @returns {Promise<string>} what went wrong, in words
 */
async function reason(answer) {
  const text = await answer.text();
  try {
    return JSON.parse(text).error || answer.statusText;
  } catch {
    return text.trim() || answer.statusText;
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<void>}
 */
function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("left", "AbortError"));
    });
  });
}

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, signal) {
  return (await ask(path, { signal })).json();
}

/**
 * @param {string} path
 * @param {object} body
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function post(path, body, signal) {
  const headers = { "content-type": "application/json" };
  return (await ask(path, { method: "POST", body: JSON.stringify(body), headers, signal })).json();
}
