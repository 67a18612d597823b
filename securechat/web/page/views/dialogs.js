/** Which dialog is open: by the name of `state.view`. */
import { html } from "../html.js";
import { Admin } from "./admin.js";
import { Channel, Channels, Person } from "./channel.js";
import { Devices, Recovery } from "./devices.js";
import { Menu } from "./menu.js";
import { Jump, Mentions, Search } from "./search.js";
import { Help, Settings } from "./settings.js";
import { Switcher } from "./switcher.js";

const VIEWS = {
  admin: Admin,
  channel: Channel, // {room}: the key of a conversation
  channels: Channels,
  devices: Devices,
  help: Help,
  jump: Jump,
  mentions: Mentions,
  menu: Menu, // {room, id}: of a message
  recovery: Recovery, // {codes}: of the second factor
  person: Person, // {room, who}: of a member of a conversation
  search: Search,
  settings: Settings,
  switcher: Switcher,
};

export function Dialogs({ state }) {
  const View = state.view && VIEWS[state.view.name];
  return View && html`<${View} key=${state.view.name} state=${state} ...${state.view} />`;
}
