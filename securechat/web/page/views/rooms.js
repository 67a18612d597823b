/** The list of rooms and people, with what is new in each. */
import { html } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { FIND, Icon } from "./header.js";
import { arrows } from "./keys.js";

/** Channels by name, people by who has spoken last. */
export function sorted(conversations) {
  const all = [...conversations.values()];
  return [
    all.filter((one) => one.kind === "channel").sort((a, b) => (a.key < b.key ? -1 : 1)),
    all.filter((one) => one.kind === "person").sort((a, b) => b.latest - a.latest),
  ];
}

/** onChosen: called with a click on a room, also on the one that is open already. */
export function Rooms({ state, open, onChosen }) {
  const [rooms, people] = sorted(state.conversations);
  const show = (name) => () => app.show({ name });
  const list = (all) => {
    // One of them is in the order of Tab; the arrows reach the rest.
    const main = all.find(({ key }) => key === state.current) ?? all[0];
    return html`<ul class="list" onClick=${onChosen}>${all.map((one) => html`<li key=${one.key}>
      <${Room} room=${one} state=${state} main=${one === main} /></li>`)}</ul>`;
  };
  return html`<nav class=${open && "open"} aria-label=${t("rooms")}>
    <div class="bar"><b class="grow one">${state.server.network || state.server.name}</b>
      <button class="icon" title="Ctrl+K" aria-label=${t("switch.title")}
        onClick=${show("switcher")}>
        <${Icon} path=${FIND} /></button>
    </div>
    <div class="scroll" onKeyDown=${arrows}>
      <h3>${t("rooms.channels")}</h3>
      ${list(rooms)}
      ${people.length > 0 && html`<h3>${t("rooms.people")}</h3>${list(people)}`}
    </div>
    <div class="foot">
      <button class="plain" onClick=${show("channels")}>+ ${t("rooms.all")}</button>
      <button class="plain" onClick=${show("mentions")}>${t("mentions")}</button>
      ${
        state.me.administrator &&
        html`<button class="plain" onClick=${show("admin")}>${t("admin")}</button>`
      }
      <button class="plain" title=${t("settings")} onClick=${show("settings")}>${state.me.account}…</button>
    </div>
  </nav>`;
}

function Room({ room, state, main }) {
  const current = room.key === state.current;
  const { unread, kind } = room;
  const calls = kind === "person" ? unread : room.mentions;
  const count = calls || unread;
  const outside = kind === "channel" && !room.joined && state.phase === "online";
  return html`<button class=${unread ? "unread" : outside ? "away" : ""}
      aria-current=${current ? "true" : null}
      tabindex=${main ? 0 : -1} onClick=${() => app.open(room.key)}>
    <bdi class="grow one" title=${room.name}>${room.name}</bdi>
    ${room.draft && !current && html`<span role="img" aria-label=${t("rooms.draft")}>✎</span>`}
    ${count > 0 && html`<span class=${calls ? "count mention" : "count"}>
      <span aria-hidden="true">${count > 999 ? "999+" : count}</span>
      <span class="hidden">${t(calls ? "rooms.calls" : "unread", { n: count })}</span></span>`}
  </button>`;
}
