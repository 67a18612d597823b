/** What happened, in one row: an event, or people who came and went. */
import { html } from "../html.js";
import { t } from "../text/index.js";
import { Time } from "./message.js";
import { plain } from "./rich.js";

// Letters that people meet, by the texts that begin with their name.
const MODES = {
  q: "role.~",
  o: "role.@",
  v: "role.+",
  b: "bans",
  i: "room.private",
  m: "room.moderated",
};
const WITH_WORD = "qovbk";

/** A change of modes in words: "+o-m al" is "+Operator al, −Moderated". */
export function changed(text) {
  const [letters, ...rest] = plain(text).split(" ");
  const told = [];
  let sign = "+";
  for (const letter of letters) {
    if (/[+-]/.test(letter)) sign = letter.replace("-", "−");
    else {
      const name = MODES[letter] ? t(MODES[letter]).split(":")[0] : letter;
      const whom =
        WITH_WORD.includes(letter) || (letter === "l" && sign === "+") ? rest.shift() : "";
      told.push(`${sign}${name} ${whom ?? ""}`.trim());
    }
  }
  return told.join(", ");
}

/** Something that happened: one event, or several people who came and went. */
export function Events({ items, moves }) {
  const [{ what, text }] = items;
  const words = what === "mode" ? changed(text) : plain(text);
  const said = moves ? moved(items) : [t(`event.${what}`, { ...items[0], text: words })];
  return html`<li class="event head" tabindex="-1" data-key=${items[0].key}>
    <${Time} at=${items.at(-1).at} /><span></span>
    <p dir="auto" class="text">${said.join(" · ")}</p></li>`;
}

/** By what somebody did last: the list of who was there before, and of who came meanwhile. */
const ENDS = {
  join: ["back", "join"],
  part: ["part", "passed"],
  quit: ["part", "passed"],
  nick: ["nick", "nick"],
};

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
    const [there, came] = ENDS[end.what];
    lists[end.came ? came : there].push(end.what === "nick" ? `${end.was} → ${who}` : who);
  }
  return Object.entries(lists).flatMap(([what, names]) =>
    names.length ? t(`moved.${what}`, { n: names.length, names: few(names) }) : [],
  );
}

const few = (names) =>
  names.length > 8 ? `${names.slice(0, 7).join(", ")} +${names.length - 7}` : names.join(", ");
