/** Which dialog is open: by the name of `state.view`. A browser loads each when it is first shown. */
import { html, useEffect, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Dialog } from "./dialog.js";

const channel = () => import("./channel.js");
const devices = () => import("./devices.js");
const search = () => import("./search.js");
const settings = () => import("./settings.js");

/** The module of each, and its name there. */
const VIEWS = {
  admin: [() => import("./admin.js"), "Admin"],
  channel: [channel, "Channel"], // {room}: the key of a conversation
  channels: [channel, "Channels"],
  devices: [devices, "Devices"],
  help: [settings, "Help"],
  jump: [search, "Jump"],
  mentions: [search, "Mentions"],
  menu: [() => import("./menu.js"), "Menu"], // {room, id}: of a message
  recovery: [devices, "Recovery"], // {codes}: of the second factor
  person: [channel, "Person"], // {room, who}: of a member of a conversation
  search: [search, "Search"],
  settings: [settings, "Settings"],
  switcher: [() => import("./switcher.js"), "Switcher"],
};

/** Those that are there, by the same names. */
const loaded = {};

async function load(name) {
  const [module, component] = VIEWS[name];
  loaded[name] = (await module())[component];
}

/** Loads what anybody may open, so that it opens at once, and without the server, too. */
export const loadDialogs = () =>
  Promise.all(Object.keys(VIEWS).filter((name) => name !== "admin").map(load));

/** Shows nothing while it is loaded. */
export function Dialogs({ state }) {
  const { view } = state;
  const [failed, setFailed] = useState({});
  const known = !view || loaded[view.name];
  useEffect(() => {
    if (!known) load(view.name).then(() => setFailed({}), () => setFailed({ [view.name]: Missing }));
  }, [view?.name]);
  const View = view && (loaded[view.name] ?? failed[view.name]);
  return View && html`<${View} key=${view.name} state=${state} ...${view} />`;
}

/** As the server has gone, or has another version of the page. */
const Missing = () => html`<${Dialog} title=${t("broken")}><p class="acts"><${Reload} autofocus /></p><//>`;

export const Reload = (props) =>
  html`<button onClick=${() => app.reload()} ...${props}>${t("banner.reload")}</button>`;
