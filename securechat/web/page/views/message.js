/** A message in the timeline. */
import { html } from "../html.js";
import { app } from "../app.js";
import { fold } from "../irc/message.js";
import { language, t } from "../text/index.js";
import { plain, rich } from "./rich.js";

let formats = /** @type {any} */ ({});
function format(kind, at) {
  const of = language();
  if (formats.of !== of) {
    const make = (options) => new Intl.DateTimeFormat(of, options);
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

/** Which of eight colours a name has, by its CRC-32: the same everywhere, in a terminal too. */
export function colour(name) {
  let rest = -1;
  for (const byte of new TextEncoder().encode(fold(name))) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 && 0xedb88320);
  }
  return ~rest & 7;
}

export const Time = ({ at }) => html`<time dateTime=${new Date(at).toISOString()}
  title=${format("full", at)}>${format("time", at)}</time>`;

export function Message({ item, head, room, own, person, found }) {
  const { author, delivery, id } = item;
  const classes = [
    head && "head",
    item.action && "action",
    item.notice && "notice",
    delivery,
    item.mention && !person && "mention",
    found && "found",
  ];
  const who = () => app.show({ name: "person", room, who: author });
  return html`<li class=${classes.filter(Boolean).join(" ")} tabindex="-1" data-key=${item.key}>
    <${Time} at=${item.at} />
    <span class=${`name c${colour(author)}`} title=${author} onClick=${who}>
      <bdi>${plain(author)}</bdi>
      ${item.bot && html` <span class="badge">${t("bot")}</span>`}</span>
    <div>
      ${item.reply && html`<${Quote} room=${room} id=${item.reply} />`}
      ${item.redacted ? html`<${Gone} ...${item.redacted} />` : html`<p class="text" dir="auto">
        ${rich(plain(item.text), own)}${delivery && html`<${Delivery} item=${item} />`}</p>`}
      ${delivery === "refused" && html`<${Refused} item=${item} room=${room} />`}
      ${item.reactions.length > 0 && html`<${Reactions} ...${{ item, room, own }} />`}
    </div>
    ${id && !item.redacted && html`<${Tools} ...${{ room, id, author }} />`}
  </li>`;
}

const Gone = ({ by, reason }) =>
  html`<p class="gone">${t("message.gone", { by, reason: plain(reason) })}</p>`;

const Tools = ({ room, id, author }) => html`<div class="tools">
  <button class="icon" tabindex="-1" aria-label=${t("menu.reply")}
    onClick=${() => app.setReply(room, id)}>↩\uFE0E</button>
  <button class="icon more" tabindex="-1" aria-label=${t("menu", { name: author })}
    onClick=${() => app.show({ name: "menu", room, id })}>⋯</button>
</div>`;

function Delivery({ item }) {
  const text = t(`message.${item.delivery}`);
  const sign = { pending: "…", stored: "✓", refused: "✗" }[item.delivery];
  return html` <small title=${text}>${sign}<span class="hidden"> ${text}</span></small>`;
}

const Refused = ({ item, room }) => html`<p class="problem">${item.reason}${" "}
  <button onClick=${() => app.retry(room, item)}>${t("message.retry")}</button>${" "}
  <button onClick=${() => app.forget(room, item)}>${t("message.forget")}</button></p>`;

function Quote({ room, id }) {
  const of = app.find(room, id);
  return html`<button class="link quote one" tabindex="-1" onClick=${() => app.jump(room, { id })}>
    ${of ? html`<bdi>${of.author}</bdi>: ${plain(of.text)}` : t("message.earlier")}</button>`;
}

const Reactions = ({ item, room, own }) => html`<div class="reactions">
  ${item.reactions.map(({ emoji, names }) => html`<button key=${emoji} tabindex="-1"
    title=${names.join(", ")} aria-pressed=${names.includes(own)}
    onClick=${() => app.react(room, item.id, emoji)}>${plain(emoji)} ${names.length}</button>`)}
</div>`;
