/** Where messages are written: drafts, replies, several lines, completion, and who is typing. */
import { html, useEffect, useRef, useState } from "../html.js";
import { app, words } from "../app.js";
import { t } from "../text/index.js";
import { run } from "./commands.js";
import { Completion, offers } from "./complete.js";
import { Act } from "./dialog.js";
import { plain } from "./rich.js";

const OFFERS = 6;
// After a lost connection the server takes a moment to tell where we are, in ms.
const PATIENCE = 2000;

/** By touch the key for Enter begins a line, as there is no Shift+Enter. */
const byKeys = () => !matchMedia("(pointer: coarse)").matches;

export function Composer({ state, room }) {
  const [outside, setOutside] = useState(false);
  const away = room.kind === "channel" && !room.joined && state.phase === "online";
  useEffect(() => {
    const timer = setTimeout(setOutside, away ? PATIENCE : 0, away);
    return () => clearTimeout(timer);
  }, [away]);
  return outside ? html`<${Outside} room=${room} />` : html`<${Writing} ...${{ state, room }} />`;
}

const Outside = ({ room }) => html`<div class="composer">
  <p class="dim">${t("say.outside")}</p>
  <${Act} class="primary" label=${t("rooms.enter")} action=${() => app.join(room.name)} />
</div>`;

function Writing({ state, room }) {
  const area = useRef(null);
  const [completion] = useState(() => new Completion());
  const [problem, setProblem] = useState("");
  const [{ caret }, setCaret] = useState({ caret: 0 });
  const { key, draft, reply } = room;
  useEffect(() => void (byKeys() && !state.view && area.current.focus()), [key, reply]);

  const write = (text, at = text.length) => {
    app.setDraft(key, text);
    area.current.value = text;
    area.current.setSelectionRange(at, at);
    area.current.focus();
    setCaret({ caret: at });
  };
  /** A word in the place of what stands from there to the caret. */
  const put = (word, from) => {
    const { value, selectionStart } = area.current;
    write(value.slice(0, from) + word + value.slice(selectionStart), from + word.length);
  };
  const input = ({ currentTarget: { value, selectionStart } }) => {
    completion.end();
    setProblem("");
    setCaret({ caret: selectionStart });
    app.setDraft(key, value);
    app.setTyping(key, !!value && value[0] !== "/");
  };
  const send = async (event) => {
    event.preventDefault();
    const text = area.current.value.trimEnd();
    if (!text) return;
    write("");
    app.setTyping(key, false);
    app.setReply(key, null);
    try {
      await run(room, text, reply);
    } catch (error) {
      setProblem(words(error));
      if (!room.draft && area.current) write(text);
    }
  };
  /** Tab completes where it can, and goes on where it can't. */
  const complete = (event) => {
    if (event.shiftKey && !completion.going) return;
    const before = area.current.value.slice(0, area.current.selectionStart);
    const next = completion.next(before, event.shiftKey, (text) => offers(state, room, text));
    if (!next) return;
    event.preventDefault();
    put(next.word, next.from);
  };
  const press = (event) => {
    const last = /** @type {HTMLElement} */ (document.querySelector(".log li:last-child"));
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && byKeys()) send(event);
    else if (event.key === "Tab" && !event.ctrlKey && !event.altKey) complete(event);
    else if (event.key === "Escape" && reply) app.setReply(key, null);
    else if (event.key === "ArrowUp" && !area.current.value) {
      event.preventDefault();
      last?.focus();
    }
  };
  const label = t("say.label", { name: room.name });
  return html`<form class="composer" onSubmit=${send}>
    <${Offers} ...${{ state, room, put }} before=${draft.slice(0, caret)} />
    ${reply && html`<${Answered} room=${room} />`}
    <p class="problem" role="alert">${problem}</p>
    <div class="row">
      <textarea id="said" ref=${area} rows=${Math.min(8, draft.split("\n").length)} value=${draft}
        dir="auto" enterkeyhint="enter" aria-label=${label} placeholder=${label}
        onInput=${input} onKeyDown=${press} onBlur=${() => app.setTyping(key, false)}></textarea>
      <button class="primary" disabled=${!draft.trim()}>${t("say.send")}</button>
    </div>
    <p class="above one">${typing(room.typing)}</p>
  </form>`;
}

/** To be touched, where there is no Tab: for what begins with /, @ or #. */
function Offers({ state, room, before, put }) {
  if (!/^\/\S*$|(^|\s)[@#]\S*$/.test(before)) return null;
  const { word, found } = offers(state, room, before);
  const from = before.length - word.length;
  return html`<div class="offers">${found.slice(0, OFFERS).map(
    (one) => html`<button key=${one}
    type="button" tabindex="-1" onClick=${() => put(one, from)}>${one.trim()}</button>`,
  )}</div>`;
}

/** What the message will answer. */
function Answered({ room: { key, reply } }) {
  const of = app.find(key, reply);
  const text = of ? `${of.author}: ${plain(of.text)}` : t("message.earlier");
  return html`<p class="above">
    <span class="grow one">↩\uFE0E ${text}</span>
    <button type="button" class="icon" aria-label=${t("say.alone")}
      onClick=${() => app.setReply(key, null)}>×</button></p>`;
}

function typing(names) {
  const n = names.length;
  if (n > 3) return t("typing.many", { n });
  return n ? t("typing", { n, names: names.join(", ") }) : "";
}
