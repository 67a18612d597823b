/** What happened, in one row: an event, or people who came and went. */
import { html } from "../html.js";
import { t } from "../text/index.js";
import { Time } from "./message.js";
import { plain } from "./rich.js";

const WITH_WORD = "qovbeIk";

/** Who isn't invited needn't see it: i and s together are one thing, as /private sets them. */
const joined = (letters) => letters.replace(/i(\w*)s|s(\w*)i/, "i$1$2");

/** Whom a mask means: a name, where it is of an account or a nick alone. */
export const whom = (mask) => plain(mask).replace(/^~a:|!\*@\*$/g, "");

/** What is special about a room of these modes, in some words. */
export const special = (modes) =>
  [...joined(modes)].filter((one) => !"ntC".includes(one)).map((one) => t(`mode.${one}`, { n: "" }).split(":")[0]);

/** A change of modes in sentences. */
export function sentences(who, text) {
  const [letters, ...rest] = plain(text).split(" ");
  let sign = "+";
  return [...joined(letters)].flatMap((letter) => {
    if (/[+-]/.test(letter)) return (sign = letter), [];
    const on = sign === "+";
    const word = WITH_WORD.includes(letter) || (letter === "l" && on) ? rest.shift() ?? "" : "";
    if ("qovb".includes(letter)) {
      return t(on ? `given.${letter}` : `taken.${letter}`, { who, name: whom(word) });
    }
    const means = t(`mode.${letter}`, { n: word }).trim();
    if (means.startsWith("mode.")) return t("event.mode", { who, text: `${sign}${letter} ${word}`.trim() });
    return t(on ? "mode.on" : "mode.off", { who, text: means });
  });
}

/** Something that happened: one event, or several people who came and went. */
export function Events({ items, moves }) {
  const [{ what, who, text }] = items;
  const told = () => (what === "mode" ? sentences(who, text) : [t(`event.${what}`, { ...items[0], text: plain(text) })]);
  const said = moves ? moved(items) : told();
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
