/**
 * The page's element for a selector; a page without it is a mistake of ours.
 *
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function element(selector, type) {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`no ${type.name} ${selector} on this page`);
  return found;
}

/**
 * Says in the page's state line how things stand.
 *
 * @param {string} name for the colour
 * @param {string} words
 */
export function showState(name, words) {
  const line = element("#state", HTMLElement);
  line.dataset.state = name;
  // Said again, it would be read out again.
  if (line.textContent !== words) line.textContent = words;
}
