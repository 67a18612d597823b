/** What was said before: search, mentions, a day. */
import { html, useEffect, useState } from "../html.js";
import { app } from "../app.js";
import { literal } from "../irc/message.js";
import { t } from "../text/index.js";
import { Act, Ask, Check, Dialog, closing, useLoaded, when } from "./dialog.js";
import { plain } from "./rich.js";

/** Found messages; each leads to its place. until: how far the server has looked, "" for all. */
function Hits({ hits, words = [], until, more }) {
  const rest = until && html`<p role="status">${t("found.until", { time: when(new Date(until)) })}</p>
    <${Act} label=${t("found.more")} action=${more} />`;
  if (!hits.length) return rest || html`<p role="status">${t("found.none")}</p>`;
  return html`<ol class="hits">${hits.map(({ id, conversation, name, author, at, text }) => html`<li key=${id}>
    <button onClick=${closing(() => app.jump(conversation, { id }))}>
      <small><bdi>${name}</bdi> · <bdi>${author}</bdi> · ${when(at)}</small>
      <span dir="auto">${marked(plain(text), words)}</span>
    </button>
  </li>`)}</ol>${rest}`;
}

/** What was found, with what was found further on. */
const joined = (found, further) => ({ ...found, ...further, hits: [...found.hits, ...further.hits] });

/** A text with the words that were looked for. */
function marked(text, words) {
  if (!words.length) return text;
  const any = words.map(literal).join("|");
  const parts = text.split(new RegExp(`(${any})`, "giu"));
  return parts.map((part, place) => (place % 2 ? html`<mark>${part}</mark>` : part));
}

/** As the terminal has it: words, and `from:`, `in:`, `after:`, `before:` of what has them. */
export function wanted(query) {
  const found = {};
  const words = [];
  for (const word of query.split(/\s+/)) {
    const [, name, value] = /^(from|in|after|before):(.*)/i.exec(word) ?? [];
    const what = name?.toLowerCase();
    if (!what) words.push(word);
    else if (!value || found[what]) throw { text: t("search.bad") };
    else found[what] = what.length > 4 ? moment(value) : value;
  }
  return { ...found, text: words.join(" ").trim() };
}

/** A day, perhaps with a time, where we are. */
function moment(text) {
  const at = new Date(text.includes("T") ? text : `${text}T00:00`);
  if (!/^\d{4}-/.test(text) || !+at) throw { text: t("search.bad") };
  return at.toISOString();
}

export function Search({ state, query = "" }) {
  const [found, setFound] = useState(null);
  const [here, setHere] = useState(false);
  const room = state.conversations.get(state.current);
  const look = async (query) => {
    const asked = { ...(here && { in: room.name }), ...wanted(query) };
    setFound({ ...(await app.search(asked)), asked, words: asked.text.split(" ").filter(Boolean) });
  };
  const more = async () => {
    const { asked, until } = found;
    setFound(joined(found, await app.search({ ...asked, [asked.after ? "after" : "before"]: until })));
  };
  useEffect(() => void (query && look(query).catch(app.complain)), []);
  return html`<${Dialog} title=${t("search")}>
    <${Ask} label=${t("search")} field=${t("search.words")} hint=${t("search.hint")} value=${query} type="search"
      required autofocus quiet action=${look} />
    ${room && html`<${Check} label=${t("search.here", room)} checked=${here} action=${setHere} />`}
    ${found && html`<${Hits} ...${found} more=${more} />`}
  <//>`;
}

export function Mentions() {
  const { value, shown } = useLoaded(() => app.mentions());
  const [all, setAll] = useState(null);
  const found = all ?? value;
  const more = async () => setAll(joined(found, await app.mentions(found.until)));
  return html`<${Dialog} title=${t("mentions")}>${shown} ${found && html`<${Hits} ...${found} more=${more} />`}<//>`;
}

export function Jump({ state }) {
  const go = (day) => closing(() => app.jump(state.current, { at: new Date(`${day}T00:00`).getTime() }))();
  const today = new Date().toLocaleDateString("sv");
  return html`<${Dialog} title=${t("jump")}>
    <${Ask} label=${t("jump")} field=${t("jump.day")} type="date" max=${today} required autofocus action=${go} />
  <//>`;
}
