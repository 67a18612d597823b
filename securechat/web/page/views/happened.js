/** What happened, in one row: an event, or people who came and went. */
import { html } from "../html.js";
import { t } from "../text/index.js";
import { Time } from "./message.js";
import { plain } from "./rich.js";

/** Something that happened: one event, or several people who came and went. */
export function Events({ items, moves }) {
  const said = moves
    ? moved(items)
    : [t(`event.${items[0].what}`, { ...items[0], text: plain(items[0].text) })];
  return html`<li class="event head" tabindex="-1" data-key=${items[0].key}>
    <${Time} at=${items.at(-1).at} /><span></span>
    <p dir="auto" class="text">${said.join(" · ")}</p></li>`;
}

/** Who came, who went, and who has another name: each once, by how it ended. */
function moved(items) {
  const ends = new Map();
  for (const { what, who, text } of items) {
    const first = ends.get(who) ?? { came: what === "join", what };
    if (what === "nick")
      ends.set(text, { came: first.came, what: first.came ? "join" : what, was: first.was ?? who });
    ends.set(who, what === "nick" ? null : { ...first, what });
  }
  const lists = { join: [], back: [], part: [], passed: [], nick: [] };
  for (const [who, end] of ends) {
    if (!end) continue;
    const { came, what, was } = end;
    const on =
      what === "join"
        ? came
          ? "join"
          : "back"
        : what === "nick"
          ? what
          : came
            ? "passed"
            : "part";
    lists[on].push(on === "nick" ? `${was} → ${who}` : who);
  }
  return Object.entries(lists).flatMap(([what, names]) =>
    names.length ? t(`moved.${what}`, { n: names.length, names: few(names) }) : [],
  );
}

const few = (names) =>
  names.length > 8 ? `${names.slice(0, 7).join(", ")} +${names.length - 7}` : names.join(", ");
