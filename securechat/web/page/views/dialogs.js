/** Which dialog is open: by the name of `state.view`. A browser loads each when it is first shown. */
import { html, lazy } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Dialog } from "./dialog.js";

export const Reload = (props) =>
  html`<button onClick=${() => app.reload()} ...${props}>${t("banner.reload")}</button>`;

/** As the server has gone, or has another version of the page. */
const Missing = () => html`<${Dialog} title=${t("broken")}><p class="acts"><${Reload} autofocus /></p><//>`;

const dialog = (load, name) => lazy(load, name, Missing);
const channel = () => import("./channel.js");
const devices = () => import("./devices.js");
const search = () => import("./search.js");
const settings = () => import("./settings.js");

const VIEWS = {
  admin: dialog(() => import("./admin.js"), "Admin"),
  channel: dialog(channel, "Channel"), // {room}: the key of a conversation
  channels: dialog(channel, "Channels"),
  devices: dialog(devices, "Devices"),
  help: dialog(settings, "Help"),
  jump: dialog(search, "Jump"),
  mentions: dialog(search, "Mentions"),
  menu: dialog(() => import("./menu.js"), "Menu"), // {room, id}: of a message
  recovery: dialog(devices, "Recovery"), // {codes}: of the second factor
  person: dialog(channel, "Person"), // {room, who}: of a member of a conversation
  search: dialog(search, "Search"), // {query}
  settings: dialog(settings, "Settings"),
  switcher: dialog(() => import("./switcher.js"), "Switcher"),
};

/** Loads what anybody may open, so that it opens at once, and without the server, too. */
export function loadDialogs() {
  const { admin, ...rest } = VIEWS;
  return Promise.all([import("../text/told.js"), ...Object.values(rest).map((view) => view.load())]);
}

export function Dialogs({ state }) {
  const View = state.view && VIEWS[state.view.name];
  return View && html`<${View} key=${state.view.name} state=${state} ...${state.view} />`;
}
