/** Where messages are written: drafts, replies, several lines, completion, and who is typing. */
import { html, useEffect, useRef, useState } from "../html.js";
import { app, words } from "../app.js";
import { t } from "../text/index.js";
import { COMMANDS, run } from "./commands.js";
import { plain } from "./message.js";

const OFFERS = 6;

/** What the word before the caret may become: commands, names (who spoke last comes first), rooms. */
export function offers(state, room, before) {
  const [word] = /\S*$/.exec(before);
  const first = word === before;
  const start = word.toLowerCase().replace(/^@/, "");
  if (!word) return { word, found: [] };
  if (word[0] === "/")
    return { word, found: first ? Object.keys(COMMANDS).filter((name) => `/${name}`.startsWith(start)).map((name) => `/${name} `) : [] };
  const fits = (name) => name.toLowerCase().startsWith(start);
  if (word[0] === "#")
    return { word, found: [...state.conversations.values()].map(({ name }) => name).filter(fits).map((name) => `${name} `) };
  const spoke = room.items.slice(-99).reverse().map(({ author }) => author);
  const names = [...new Set([...spoke, ...[...room.members.values()].map(({ name }) => name)])];
  return { word, found: names.filter((name) => name && name !== state.me.account && fits(name))
    .map((name) => (first ? `${name}: ` : `${name} `)) };
}

export function Composer({ state, room }) {
  const area = useRef(/** @type {HTMLTextAreaElement} */ (null));
  const [problem, setProblem] = useState("");
  const [{ caret }, setCaret] = useState({ caret: 0 });
  const cycle = useRef(null);
  const { key, draft, reply } = room;
  const fine = () => matchMedia("(pointer: fine)").matches;
  useEffect(() => void (fine() && !state.view && area.current?.focus()), [key, reply]);
  // After a lost connection the server takes a moment to tell where we are.
  const [outside, setOutside] = useState(false);
  const away = room.kind === "channel" && !room.joined && state.phase === "online";
  useEffect(() => {
    const timer = setTimeout(setOutside, away ? 2000 : 0, away);
    return () => clearTimeout(timer);
  }, [away]);

  const write = (text, at = text.length) => {
    app.setDraft(key, text);
    const box = area.current;
    box.value = text;
    box.setSelectionRange(at, at);
    box.focus();
    setCaret({ caret: at });
  };
  const input = (event) => {
    const { value, selectionStart } = event.currentTarget;
    cycle.current = null;
    setProblem("");
    setCaret({ caret: selectionStart });
    app.setDraft(key, value);
    app.setTyping(key, !!value && value[0] !== "/");
  };
  const send = async (event) => {
    event?.preventDefault();
    const text = area.current.value.replace(/\s+$/, "");
    if (!text) return;
    write("");
    app.setTyping(key, false);
    app.setReply(key, null);
    try {
      await run(room, text, reply);
    } catch (error) {
      setProblem(words(error));
      if (!room.draft) write(text);
    }
  };
  const put = (word, from, to) => {
    const { value } = area.current;
    write(value.slice(0, from) + word + value.slice(to), from + word.length);
  };
  /** Tab: the first that fits, then the next. True if something does. */
  const complete = (back) => {
    const box = area.current;
    let now = cycle.current;
    if (!now) {
      const { word, found } = offers(state, room, box.value.slice(0, box.selectionStart));
      if (!found.length) return false;
      now = cycle.current = { found, at: back ? 0 : -1, from: box.selectionStart - word.length };
    }
    now.at = (now.at + (back ? -1 : 1) + now.found.length) % now.found.length;
    put(now.found[now.at], now.from, box.selectionStart);
    return true;
  };
  const press = (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && fine()) send(event);
    else if (event.key === "Tab" && !event.ctrlKey && !event.altKey) {
      if ((event.shiftKey && !cycle.current) || !complete(event.shiftKey)) return;
      event.preventDefault();
    } else if (event.key === "Escape" && reply) app.setReply(key, null);
    else if (event.key === "ArrowUp" && !area.current.value) /** @type {HTMLElement} */ (document.querySelector(".log li:last-child"))?.focus();
    else return;
    if (event.key !== "Enter") event.preventDefault();
  };
  const hints = /^\/\S*$|(^|\s)[@#]\S*$/.test(draft.slice(0, caret)) ? offers(state, room, draft.slice(0, caret)) : { found: [] };
  const of = reply && app.find(key, reply);
  if (outside)
    return html`<div class="composer"><div class="row"><p class="grow dim">${t("say.outside")}</p>
      <button class="primary" onClick=${() => app.join(room.name).catch((error) => setProblem(words(error)))}>
        ${t("say.join")}</button></div><p class="problem" role="alert">${problem}</p></div>`;
  return html`<form class="composer" onSubmit=${send}>
    ${hints.found.length > 0 && html`<div class="offers">${hints.found.slice(0, OFFERS).map(
      (one) => html`<button type="button" key=${one} tabindex="-1" onClick=${() => put(one, caret - hints.word.length, caret)}>
        ${one.trim()}</button>`,
    )}</div>`}
    ${reply && html`<p class="above"><span class="grow one">↩\uFE0E ${of ? `${of.author}: ${plain(of.text)}` : t("message.earlier")}</span>
      <button type="button" class="icon" aria-label=${t("say.alone")} onClick=${() => app.setReply(key, null)}>×</button></p>`}
    <p class="problem" role="alert">${problem}</p>
    <div class="row">
      <textarea id="said" ref=${area} rows=${Math.min(8, draft.split("\n").length)} value=${draft} dir="auto" enterkeyhint="enter"
        aria-label=${t("say.label", { name: room.name })} placeholder=${t("say.label", { name: room.name })}
        onInput=${input} onKeyDown=${press} onBlur=${() => app.setTyping(key, false)}></textarea>
      <button class="primary" disabled=${!draft.trim()}>${t("say.send")}</button>
    </div>
    <p class="above typing one" aria-live="off">${typing(room.typing)}</p>
  </form>`;
}

const typing = (names) =>
  names.length > 3 ? t("typing.many", { n: names.length })
    : names.length ? t("typing", { n: names.length, names: names.join(", ") }) : "";
