/** The shell: rooms, the open conversation, its people; on phones one column with drawers. */
import { html, useEffect, useErrorBoundary, useRef, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Composer } from "./composer.js";
import { Act } from "./dialog.js";
import { Dialogs, Reload } from "./dialogs.js";
import { Header } from "./header.js";
import { nextRoom, regions } from "./keys.js";
import { Login } from "./login.js";
import { Members } from "./members.js";
import { Rooms } from "./rooms.js";
import { Timeline } from "./timeline.js";

/** The state again, whenever it has changed. */
function useApp() {
  const [, redraw] = useState(0);
  useEffect(() => app.subscribe(() => redraw((n) => n + 1)), []);
  return app.state;
}

export function App() {
  const state = useApp();
  const { theme } = state.settings;
  const [broken] = useErrorBoundary((error) => console.error(error));
  useEffect(() => void (document.documentElement.dataset.theme = theme), [theme]);
  if (broken) return html`<${Broken} />`;
  const inside = state.phase !== "login" && state.conversations.size > 0;
  const View =
    inside || state.phase === "online" ? Shell : state.phase === "starting" ? Starting : Login;
  return html`${View !== Shell && html`<${Notices} state=${state} />`}
    <${View} state=${state} />
    <${Dialogs} state=${state} />`;
}

const Broken = () => html`<main class="starting">
  <p class="empty">${t("broken")}</p>
  <${Reload} />
</main>`;

/** In a place of their own, where they cover nothing. */
const Notices = ({ state }) => html`<div class="notices" role="status">
  ${state.notices.map((one) => html`<${Notice} key=${one.id} one=${one} />`)}</div>`;

/** It goes when it may have been read; an invitation, when it is answered. */
function Notice({ one: { id, kind, text, room } }) {
  useEffect(() => {
    if (room) return;
    const timer = setTimeout(() => app.dismiss(id), 6000 + text.length * 60);
    return () => clearTimeout(timer);
  }, []);
  return html`<div class=${kind === "error" ? "problem" : ""}>
    <span class="grow" dir="auto">${text}</span>
    ${room && html`<${Act} label=${t("rooms.enter")} action=${() => app.join(room).then(() => app.dismiss(id))} />`}
    <button class="icon" aria-label=${t("close")} onClick=${() => app.dismiss(id)}>×</button>
  </div>`;
}

const Starting = ({ state: { problem } }) => html`<main class="starting">
  <p class="empty">${problem?.text || t("banner.connecting")}</p>
  ${problem && html`<button onClick=${() => app.reconnect()}>${t("banner.now")}</button>`}
</main>`;

/** By keys; the first two with Ctrl. */
const VIEWS = { KeyK: "switcher", KeyF: "search", F1: "help", F4: "mentions" };

function Shell({ state }) {
  const [drawer, setDrawer] = useState("");
  const room = state.conversations.get(state.current);
  const key = room?.key;
  useEffect(() => setDrawer(""), [key, state.view]);
  const calls = useTitle(state, room);
  const from = useRef(null);
  useEffect(() => {
    if (drawer) from.current = document.activeElement;
    const to = drawer ? document.querySelector(".open [tabindex='0']") : from.current;
    /** @type {HTMLElement} */ (to)?.focus({ preventScroll: true });
  }, [drawer]);
  useEffect(() => {
    const press = (event) => {
      if (state.view) return;
      const { altKey: alt, ctrlKey: ctrl, metaKey: meta, shiftKey: shift } = event;
      const view = !shift && !alt && VIEWS[ctrl || meta ? event.code : event.key];
      if (event.key === "F6") regions(shift);
      else if (view) app.show({ name: view });
      else if (alt && /^Arrow(Up|Down)$/.test(event.key)) nextRoom(event.key === "ArrowUp", shift);
      else if (event.key === "Escape" && drawer) setDrawer("");
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [state.view, drawer]);
  useBack(!!state.view || !!drawer, () => (state.view ? app.close() : setDrawer("")));
  const isRoom = room?.kind === "channel";
  return html`<div class=${isRoom ? "shell" : "shell alone"}>
    <a class="hidden skip" href="#said">${t("skip")}</a>
    <${Rooms} state=${state} open=${drawer === "rooms"} onChosen=${() => setDrawer("")} />
    <main>
      <${Banner} state=${state} />
      ${
        room
          ? html`<${Header} ...${{ room, calls }} onDrawer=${setDrawer} />
            <${Notices} state=${state} />
            <${Timeline} key=${key} state=${state} room=${room} />
            <${Composer} key=${`say ${key}`} state=${state} room=${room} />`
          : html`<header class="bar"><button class="icon drawer" aria-label=${t("rooms")}
              onClick=${() => setDrawer("rooms")}>☰</button>
              <h1>${state.server.network}</h1></header>
            <${Notices} state=${state} />
            <p class="empty">${t("empty")}</p>`
      }
    </main>
    ${isRoom && html`<${Members} room=${room} open=${drawer === "people"} />`}
    ${drawer && html`<div class="shade" onClick=${() => setDrawer("")}></div>`}
  </div>`;
}

/** On a phone the button for "back" closes what is open, and doesn't leave the page. */
function useBack(open, close) {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (!open) return undefined;
    // Its step stays in the history when it is closed otherwise: going back takes a while.
    if (history.state !== "open") history.pushState("open", "");
    const back = () => latest.current();
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, [open]);
}

/** What is unread, in the title of the tab; how many messages wait for the person. */
function useTitle(state, room) {
  let unread = 0;
  let calls = 0;
  for (const one of state.conversations.values()) {
    unread += one.unread;
    calls += one.kind === "person" ? one.unread : one.mentions;
  }
  const mark = calls ? `(${calls}) ` : unread ? "• " : "";
  const title = mark + (room?.name ?? state.server.network);
  useEffect(() => {
    document.title = `${title} · securechat`;
    navigator.setAppBadge?.(calls).catch(() => {});
    return () => {
      document.title = "securechat";
      navigator.clearAppBadge?.().catch(() => {});
    };
  }, [title]);
  return calls;
}

/** What is wrong with the connection, or that the page is an old one. */
function Banner({ state }) {
  if (state.newer)
    return html`<div class="banner" role="status"><span class="grow">${t("banner.newer")}</span>
      <${Reload} /></div>`;
  if (state.phase === "online") return null;
  return html`<div class="banner" role="status">
    <span class="grow">${state.problem?.text || t("banner.connecting")}</span>
    ${
      state.phase === "offline" &&
      state.problem?.code !== "LOCAL_GONE" &&
      html`<button onClick=${() => app.reconnect()}>${t("banner.now")}</button>`
    }
  </div>`;
}
