/**
 * Keeps the newest line in sight until the reader scrolls up to read; `button` brings them back.
 *
 * @param {Element} content grows at its end
 * @param {HTMLElement} button
 */
export function followEnd(content, button) {
  const NEAR = 80; // px from the end that still count as being there
  const page = /** @type {Element} */ (document.scrollingElement);
  let following = true;
  let top = page.scrollTop;

  /** @param {boolean} follow */
  function set(follow) {
    following = follow;
    button.hidden = follow;
    if (follow) page.scrollTo({ top: page.scrollHeight });
  }

  document.addEventListener("scroll", () => {
    const left = page.scrollHeight - page.scrollTop - page.clientHeight;
    if (page.scrollTop < top - 1 && left > NEAR) set(false);
    else if (!following && left < NEAR) set(true);
    top = page.scrollTop;
  }, { passive: true });
  new ResizeObserver(() => following && set(true)).observe(content);
  button.addEventListener("click", () => set(true));
}
