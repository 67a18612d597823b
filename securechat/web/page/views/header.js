/** The head of a conversation: its name, its topic, and what can be done with it. */
import { html } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { calledBy } from "./members.js";
import { plain } from "./rich.js";

export const Icon = ({ path }) =>
  html`<svg viewBox="0 0 20 20" aria-hidden="true"><path d=${path} /></svg>`;
export const FIND = "M13 13l5 5M8 14A6 6 0 1 1 8 2a6 6 0 0 1 0 12z";
const PEOPLE = "M10 10a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM3 18a7 7 0 0 1 14 0";
const DAY = "M10 5v5l3 3M10 18a8 8 0 1 1 0-16 8 8 0 0 1 0 16z";

export function Header({ room, calls, onDrawer }) {
  const isRoom = room.kind === "channel";
  const settings = () =>
    app.show(
      isRoom
        ? { name: "channel", room: room.key }
        : { name: "person", room: room.key, who: room.name },
    );
  const topic = isRoom ? plain(room.topic) : calledBy(room.name);
  return html`<header class="bar">
    <button class="icon drawer" aria-label=${t("rooms")} onClick=${() => onDrawer("rooms")}>
      ☰${calls > 0 && html`<span class="dot"></span>`}</button>
    <div class="grow">
      <h1 class="one"><bdi>${room.name}</bdi></h1>
      ${topic && html`<p class="one dim" dir="auto" title=${topic}>${topic}</p>`}
    </div>
    <button class="icon" aria-label=${t("search")} onClick=${() => app.show({ name: "search" })}>
      <${Icon} path=${FIND} /></button>
    <button class="icon" aria-label=${t("jump")} onClick=${() => app.show({ name: "jump" })}>
      <${Icon} path=${DAY} /></button>
    <button class="icon" aria-label=${t("header.more", { name: room.name })} onClick=${settings}>
      ⋯</button>
    ${
      isRoom &&
      html`<button class="icon drawer people" aria-label=${t("members")}
      onClick=${() => onDrawer("people")}><${Icon} path=${PEOPLE} /></button>`
    }
  </header>`;
}
