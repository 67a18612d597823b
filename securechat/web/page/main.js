/** Starts the page. */
import { app } from "./app.js";
import { h, render } from "./html.js";
import { ready } from "./text/index.js";
import { App } from "./views/app.js";
import { loadDialogs } from "./views/dialogs.js";

/** After this time, in ms, the rest of the page is loaded. */
const BUSY = 3000;

async function loadRest() {
  await loadDialogs();
  const { keepOffline } = await import("./offline.js");
  await keepOffline();
}

ready.then(() => {
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  render(h(App, { app }), root);
  app.start();
  setTimeout(() => loadRest().catch(() => {}), BUSY);
});
