/** What was said before: search, mentions, a day. */
import { html, useState } from "../html.js";
import { app } from "../app.js";
import { language, t } from "../text/index.js";
import { Dialog, Field, Form, useLoaded } from "./dialog.js";

/** Found messages; each leads to its place. */
function Hits({ hits, words = [] }) {
  const when = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" });
  const go = (hit) => {
    app.close();
    app.jump(hit.conversation, { id: hit.id });
  };
  if (!hits.length) return html`<p role="status">${t("found.none")}</p>`;
  return html`<ol class="hits">${hits.map((hit) => html`<li key=${hit.id}>
    <button onClick=${() => go(hit)}>
      <small>${hit.conversation} · ${hit.author} · ${when.format(hit.at)}</small>
      <span>${marked(hit.text, words)}</span>
    </button>
  </li>`)}</ol>`;
}

/** A text with the words that were looked for. */
function marked(text, words) {
  if (!words.length) return text;
  const any = words.map((word) => word.replace(/[^\p{L}\p{N}]/gu, "\\$&")).join("|");
  const parts = text.split(new RegExp(`(${any})`, "giu"));
  return parts.map((part, place) => (place % 2 ? html`<mark>${part}</mark>` : part));
}

export function Search({ state }) {
  const [found, setFound] = useState(null);
  const room = state.conversations.get(state.current);
  const look = async ({ query, here }) => {
    const hits = await app.search(query, here ? room.key : undefined);
    setFound({ hits, words: query.split(/\s+/).filter(Boolean) });
  };
  return html`<${Dialog} title=${t("search")}>
    <${Form} action=${look} label=${t("search")}>
      <${Field} label=${t("search.words")} type="search" name="query" required autofocus />
      ${room &&
      html`<label class="check"><input type="checkbox" name="here" />
        ${t("search.here", { name: room.name })}</label>`}
    <//>
    ${found && html`<${Hits} ...${found} />`}
  <//>`;
}

export function Mentions() {
  const { value, problem } = useLoaded(() => app.mentions());
  return html`<${Dialog} title=${t("mentions")}>
    <p class="problem" role="alert">${problem}</p>
    ${value ? html`<${Hits} hits=${value} />` : !problem && html`<p role="status">…</p>`}
  <//>`;
}

export function Jump({ state }) {
  const go = ({ day }) => {
    app.close();
    app.jump(state.current, { at: new Date(`${day}T00:00`).getTime() });
  };
  const today = new Date(Date.now() - new Date().getTimezoneOffset() * 60000).toISOString();
  return html`<${Dialog} title=${t("jump")}>
    <${Form} action=${go} label=${t("jump")}>
      <${Field} label=${t("jump.day")} type="date" name="day" max=${today.slice(0, 10)} required autofocus />
    <//>
  <//>`;
}
