/** Who is in a room: those who run it first, and who is away. */
import { html, useMemo } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { fold } from "../irc/message.js";
import { arrows } from "./keys.js";
import { plain } from "./rich.js";

// Drawn of a crowd; the switcher finds the rest.
const MOST = 500;
const RANKS = "~@+";

/** By role, then by name. */
export function ranked(members) {
  const rank = ({ roles }) => (roles ? RANKS.indexOf(roles[0]) : RANKS.length);
  return [...members.values()].sort(
    (a, b) => rank(a) - rank(b) || (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1),
  );
}

/** What somebody wants to be called. Anybody can say so, so it stands beside a name and never for one. */
export const calledBy = (name) => plain(app.state.names.get(fold(name)) ?? "");

export function Members({ room, open }) {
  const { members, key } = room;
  const list = useMemo(() => {
    const all = ranked(members);
    const rest = all.length - MOST;
    return html`<div class="bar"><h2>${t("people", { n: all.length })}</h2></div>
      <div class="scroll" onKeyDown=${arrows}><ul class="list">${all
        .slice(0, MOST)
        .map(
          (one, index) =>
            html`<li key=${one.name}><${Member} ...${{ one, index }} room=${key} /></li>`,
        )}</ul>
      ${rest > 0 && html`<p class="dim">${t("members.more", { n: rest })}</p>`}</div>`;
  }, [members, key, app.state.named, document.documentElement.lang]);
  return html`<aside class=${open && "open"} aria-label=${t("members")}>${list}</aside>`;
}

function Member({ one, room, index }) {
  const away = one.away !== null;
  const role = one.roles[0];
  const called = calledBy(one.name);
  const told = [one.name, called, role && t(`role.${role}`), away && (one.away || t("away"))];
  return html`<button class=${away ? "away" : ""} tabindex=${index ? -1 : 0}
      title=${told.filter(Boolean).join(" · ")}
      onClick=${() => app.show({ name: "person", room, who: one.name })}>
    <span class="grow one"><bdi>${one.name}</bdi>${called && html` <small><bdi>${called}</bdi></small>`}</span>
    ${one.bot && html`<small>${t("bot")}</small>`}
    ${role && html`<small>${t(`role.${role}`).split(":")[0]}</small>`}
    ${away && html`<span class="hidden">${t("away")}</span>`}
  </button>`;
}
