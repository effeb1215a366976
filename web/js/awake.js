/** Keeps the screen on while the page is in sight: who reads or speaks does not touch it. */
export function stayAwake() {
  const ask = () => {
    // Refused, on a low battery say, the screen sleeps as ever.
    if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {});
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}
