/** Everything that views need of Preact. */
import { Fragment, createPortal, h, render } from "./vendor/preact.js";
import { useEffect, useState } from "./vendor/hooks.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export { Fragment, createPortal, h, render };
export * from "./vendor/hooks.js";

/**
 * A view that is loaded when it is first shown; nothing is seen until then. What it has in `load`
 * loads it before.
 * @param {() => Promise<any>} load imports the module in which it has that name
 * @param {any} [Missing] shown if it can't be loaded
 */
export function lazy(load, name, Missing = () => null) {
  /** @type {any} */
  let View = null;
  const get = async () => (View ??= (await load())[name]);
  function Lazy(props) {
    const [, redraw] = useState(false);
    const [failed, setFailed] = useState(false);
    useEffect(() => void (View || get().then(() => redraw(true), () => setFailed(true))), []);
    return View ? h(View, props) : failed && h(Missing, {});
  }
  return Object.assign(Lazy, { load: get });
}
