/** Ctrl-K: go to a room or a person by some letters of the name. */
import { html, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Dialog } from "./dialog.js";

const MOST = 12;

/** What there is to go to: `{name, label, go}`, the likeliest first. */
function choices(state, typed) {
  const wanted = typed.trim().toLowerCase();
  const rooms = [...state.conversations.values()].sort(
    (a, b) => b.mentions - a.mentions || b.unread - a.unread || b.latest - a.latest,
  );
  const found = new Map();
  for (const { key, name, unread } of rooms)
    found.set(name, { name, label: unread ? t("unread", { n: unread }) : "", go: () => app.open(key) });
  if (wanted)
    for (const room of rooms)
      for (const { name } of room.members.values())
        if (!found.has(name) && name !== state.me.account)
          found.set(name, { name, label: t("switch.write"), go: () => app.talk(name) });
  const place = ({ name }) => name.toLowerCase().replace(/^#/, "").indexOf(wanted.replace(/^#/, ""));
  const all = [...found.values()].filter((one) => !wanted || place(one) >= 0);
  if (wanted) all.sort((a, b) => Math.min(place(a), 1) - Math.min(place(b), 1));
  const room = "#" + wanted.replace(/^#+/, "");
  if (/^#[^\s,]+$/.test(room) && !all.some(({ name }) => name.toLowerCase() === room))
    all.splice(MOST - 1, Infinity, { name: room, label: t("switch.join"), go: () => app.join(room) });
  return all.slice(0, MOST);
}

export function Switcher({ state }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const all = choices(state, typed);
  const pick = async (one) => {
    app.close();
    await one?.go()?.catch?.(app.complain);
  };
  const press = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") pick(all[at]);
    else if (step) setAt((at + step + all.length) % (all.length || 1));
    else return;
    event.preventDefault();
  };
  const type = (event) => {
    setTyped(event.currentTarget.value);
    setAt(0);
  };
  return html`<${Dialog} title=${t("switch.title")}>
    <input class="wide" role="combobox" aria-label=${t("switch.hint")} placeholder=${t("switch.hint")}
      aria-expanded="true" aria-controls="found" aria-activedescendant=${all[at] && `found-${at}`}
      autocomplete="off" autocapitalize="none" value=${typed} onInput=${type} onKeyDown=${press} autofocus />
    <ul id="found" class="picks" role="listbox" aria-label=${t("switch.title")}>
      ${all.map((one, place) => html`<li key=${one.name} id=${`found-${place}`} role="option"
        aria-selected=${place === at} onClick=${() => pick(one)}>
        <bdi>${one.name}</bdi> <small>${one.label}</small>
      </li>`)}
    </ul>
  <//>`;
}
