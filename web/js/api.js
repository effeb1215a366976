/**
 * The HTTP interface, as far as the pages need it. A refusal rejects with the server's own words.
 *
 * @typedef {object} Room
 * @property {string} id
 * @property {string} title
 * @property {string} language
 * @property {string[]} translations
 * @property {import("./protocol.js").RoomStatus} status
 */

/** @param {string} path @param {RequestInit} [options] @returns {Promise<any>} */
export async function request(path, options) {
  const response = await fetch(path, options);
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? problem.title ?? `The server answered ${response.status}.`);
}

/**
 * Whether there is something at a path; a server that cannot be reached has nothing.
 *
 * @param {string} path
 */
export async function exists(path) {
  const response = await fetch(path, { method: "HEAD" }).catch(() => null);
  return response?.ok ?? false;
}

/** @param {string} path @param {object} body */
export function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return request(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** The room that the page's address names: `/rooms/<room>/…`. */
export function roomOfPage() {
  return location.pathname.split("/")[2];
}
