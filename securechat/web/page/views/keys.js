/** Moving about by the keyboard. */

/** Arrow keys in a list of buttons: Tab reaches one of them, the arrows reach the rest. */
export function arrows(/** @type {KeyboardEvent} */ event) {
  const steps = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
  const step = steps[event.key];
  if (!step || event.altKey) return;
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const all = [...list.querySelectorAll("button")];
  const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  all[Math.max(0, Math.min(all.length - 1, at + step))]?.focus();
  event.preventDefault();
}

/** To the next part of the page: rooms, timeline, composer, people. */
export function regions(back = false) {
  const all = [...document.querySelectorAll("nav, [role=log], .composer, aside")].filter(
    (one) => /** @type {HTMLElement} */ (one).offsetParent,
  );
  const at = all.findIndex((one) => one.contains(document.activeElement));
  const next = all.at((at + (back ? (at < 0 ? 0 : -1) : 1)) % all.length);
  const inside = next?.querySelector("[aria-current=true], textarea, [tabindex='0']");
  /** @type {HTMLElement} */ (next?.role === "log" ? next : (inside ?? next))?.focus();
}

/** Opens the room above or below the open one; with `unread`, the next that has something new. */
export function nextRoom(up, unread) {
  const all = [
    .../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("nav .list button")),
  ];
  if (up) all.reverse();
  const at = all.findIndex((one) => one.ariaCurrent === "true");
  const rest = [...all.slice(at + 1), ...all.slice(0, Math.max(at, 0))];
  rest.find((one) => !unread || one.classList.contains("unread"))?.click();
}
