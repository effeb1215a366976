/** What this browser remembers of its reader: nothing, where they forbid it to. No DOM. */

/** @param {string} name @returns {string} empty: nothing */
export function recall(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} name @param {string} value empty: forget it */
export function remember(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // It is asked for again the next time.
  }
}
