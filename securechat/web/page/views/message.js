/** What stands in the timeline: what somebody said, and what happened. */
import { html } from "../html.js";
import { app } from "../app.js";
import { language, t } from "../text/index.js";

// mIRC colours, control characters, and what turns the direction of the text around it.
const UNSEEN = /\x03(?:\d{1,2}(?:,\d{1,2})?)?|[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
const IN_NAME = "[\\p{L}\\p{N}_\\-\\[\\]\\\\`^{}|]";

/** Remote text as it may be shown: without control characters. */
export const plain = (/** @type {string} */ text) => text.replace(UNSEEN, "");

let formats = { of: "", time: null, day: null, full: null };
function format(kind, at) {
  const of = language();
  if (formats.of !== of) {
    // "en" alone would write times as in America.
    const local = navigator.languages.find((one) => one.startsWith(of)) ?? of;
    const make = (options) => new Intl.DateTimeFormat(local, options);
    formats = {
      of,
      time: make({ hour: "2-digit", minute: "2-digit" }),
      day: make({ dateStyle: "full" }),
      full: make({ dateStyle: "medium", timeStyle: "medium" }),
    };
  }
  return formats[kind].format(at);
}
export const dayOf = (at) => format("day", at);

/** A colour for a name, in degrees: the same everywhere. */
function hue(name) {
  let sum = 0;
  for (const char of name.toLowerCase()) sum = (sum * 31 + char.codePointAt(0)) % 9973;
  return (sum * 137) % 360;
}

let finder = { of: null, at: /$^/ };
/** Finds code, addresses, rooms, and the own name. */
function parts(name) {
  if (finder.of !== name) {
    const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const own = name && `|(?<!${IN_NAME})(${quoted})(?!${IN_NAME})`;
    const code = "```\\s*\\n?([^]+?)```\\n?|`([^`\\n]+)`";
    finder = { of: name, at: new RegExp(`${code}|(https?://[^\\s<>"]+)|(?<![^\\s(])(#(?!\\d+\\b)[^\\s,:;.!?()]+)${own}`, "giu") };
  }
  return finder.at;
}

/** An address without the punctuation after it. */
function trimmed(address) {
  const short = address.replace(/[.,:;!?'"»”*]+$/, "");
  return short.endsWith(")") && !short.includes("(") ? trimmed(short.slice(0, -1)) : short;
}

/** A text with its addresses as links, its rooms as buttons, and its code apart. */
export function rich(text, name) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(parts(name))) {
    let [part, block, code, address, room] = match;
    let shown = html`<mark>${part}</mark>`;
    if (block || code) shown = block ? html`<pre>${block.trimEnd()}</pre>` : html`<code>${code}</code>`;
    else if (address) {
      part = trimmed(address);
      if (!URL.canParse(part)) continue;
      const { href, hostname, username } = new URL(part);
      // Where it leads may look like another host: by letters of another script, or a name before @.
      const odd = username || /xn--.*\.[a-z]+$/.test(hostname);
      shown = html`<a href=${href} title=${href} target="_blank" rel="noopener noreferrer">${part}</a>
        ${odd && html` <small>[${hostname}]</small>`}`;
    } else if (room)
      shown = html`<button class="link" tabindex="-1" onClick=${() => app.join(room).catch((error) => app.notice(error.text, "error"))}>${room}</button>`;
    found.push(text.slice(from, match.index), shown);
    from = match.index + part.length;
  }
  return found.length ? [...found, text.slice(from)] : text;
}

const Time = ({ at }) => html`<time dateTime=${new Date(at).toISOString()} title=${format("full", at)}>${format("time", at)}</time>`;

export function Message({ item, head, room, own, person, found }) {
  const { author, delivery, id, mine } = item;
  const classes = [head && "head", item.action && "action", item.notice && "notice", delivery,
    item.mention && !person && "mention", found && "found"];
  const menu = () => app.show({ name: "menu", room, id });
  const who = () => app.show({ name: "person", room, who: author });
  return html`<li class=${classes.filter(Boolean).join(" ")} tabindex="-1" data-key=${item.key}>
    <${Time} at=${item.at} />
    <span class="name" title=${author} style=${{ "--hue": hue(author) }} onClick=${who}><bdi>${author}</bdi>
      ${item.bot && html` <span class="badge">${t("bot")}</span>`}</span>
    <div>
      ${item.reply && html`<${Quote} room=${room} id=${item.reply} />`}
      ${item.redacted
        ? html`<p class="gone">${t("message.gone", { ...item.redacted, reason: plain(item.redacted.reason) })}</p>`
        : html`<p class="text" dir="auto">${rich(plain(item.text), own)}${delivery && html`<${Delivery} item=${item} />`}</p>`}
      ${delivery === "refused" && html`<${Refused} item=${item} room=${room} />`}
      ${item.reactions.length > 0 && html`<${Reactions} ...${{ item, room, own }} />`}
    </div>
    ${id && !item.redacted && html`<div class="tools">
      <button class="icon" tabindex="-1" aria-label=${t("menu.reply")}
        onClick=${() => app.setReply(room, id)}>↩\uFE0E</button>
      <button class="icon more" tabindex="-1" aria-label=${t("menu", { name: author })} onClick=${menu}>⋯</button>
    </div>`}
  </li>`;
}

function Delivery({ item }) {
  const text = t(`message.${item.delivery}`);
  return html` <small title=${text}>${{ pending: "…", stored: "✓", refused: "✗" }[item.delivery]}
    <span class="hidden">${text}</span></small>`;
}

const Refused = ({ item, room }) => html`<p class="problem">${item.reason}${" "}
  <button onClick=${() => app.retry(room, item)}>${t("message.retry")}</button>${" "}
  <button onClick=${() => app.forget(room, item)}>${t("message.forget")}</button></p>`;

function Quote({ room, id }) {
  const of = app.find(room, id);
  return html`<button class="link quote one" tabindex="-1" onClick=${() => app.jump(room, { id })}>
    ${of ? html`<bdi>${of.author}</bdi>: ${plain(of.text)}` : t("message.earlier")}</button>`;
}

const Reactions = ({ item, room, own }) => html`<div class="reactions">${item.reactions.map(
  ({ emoji, names }) => html`<button key=${emoji} tabindex="-1" title=${names.join(", ")} aria-pressed=${names.includes(own)}
    onClick=${() => app.react(room, item.id, emoji)}>${plain(emoji)} ${names.length}</button>`,
)}</div>`;

/** Something that happened: one event, or several people who came and went. */
export function Events({ items, moves }) {
  const said = moves ? moved(items) : [t(`event.${items[0].what}`, { ...items[0], text: plain(items[0].text) })];
  return html`<li class="event head" tabindex="-1" data-key=${items[0].key}>
    <${Time} at=${items.at(-1).at} /><span></span><p dir="auto" class="text">${said.join(" · ")}</p></li>`;
}

/** Who came, who went, and who has another name: each once, by how it ended. */
function moved(items) {
  const ends = new Map();
  for (const { what, who, text } of items) {
    const first = ends.get(who) ?? { came: what === "join", what };
    if (what === "nick") ends.set(text, { came: first.came, what: first.came ? "join" : what, was: first.was ?? who });
    ends.set(who, what === "nick" ? null : { ...first, what });
  }
  const lists = { join: [], back: [], part: [], passed: [], nick: [] };
  for (const [who, end] of ends) {
    if (!end) continue;
    const { came, what, was } = end;
    const on = what === "join" ? (came ? "join" : "back") : what === "nick" ? what : came ? "passed" : "part";
    lists[on].push(on === "nick" ? `${was} → ${who}` : who);
  }
  return Object.entries(lists).flatMap(([what, names]) =>
    names.length ? t(`moved.${what}`, { n: names.length, names: few(names) }) : []);
}

const few = (names) => (names.length > 8 ? `${names.slice(0, 7).join(", ")} +${names.length - 7}` : names.join(", "));
