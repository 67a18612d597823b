/** Starts the page. */
import { app } from "./app.js";
import { h, render } from "./html.js";
import { keepOffline } from "./offline.js";
import { App } from "./views/app.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
render(h(App, { app }), root);
app.start();
keepOffline();
