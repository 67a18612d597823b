/** Everything that views need of Preact. */
import { Fragment, createPortal, h, render } from "./vendor/preact.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export { Fragment, createPortal, h, render };
export * from "./vendor/hooks.js";
