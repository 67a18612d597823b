/** Settings, and help. */
import { html } from "../html.js";
import { app } from "../app.js";
import { LANGUAGES, t } from "../text/index.js";
import { Ask, Check, Dialog, useLoaded } from "./dialog.js";

export function Settings({ state: { me, settings, server: { features } } }) {
  const choice = (name, of) => html`<label class="field"><span>${t(name)}</span>
    <select value=${settings[name]} onChange=${(event) => app.setSetting(name, event.currentTarget.value)}>
      ${Object.entries(of).map(([one, text]) => html`<option value=${one}>${text}</option>`)}
    </select>
  </label>`;
  const check = (name) => html`<${Check} label=${t(`settings.${name}`)} checked=${settings[name]}
    action=${(on) => app.setSetting(name, on)} />`;
  const show = (name) => html`<button onClick=${() => app.show({ name })}>${t(name)}…</button>`;
  return html`<${Dialog} title=${t("settings")}>
    ${features.has("draft/metadata-3") && html`<${Called} me=${me.account} />`}
    ${choice("theme", { auto: t("auto"), light: t("theme.light"), dark: t("theme.dark") })}
    ${choice("language", { "": t("auto"), ...LANGUAGES })}
    ${check("notify")} ${check("preview")} ${check("events")}
    <p class="acts">
      ${show("devices")} ${show("help")}
      <button class="danger" onClick=${() => app.logout()}>${t("logout")}</button>
    </p>
    <p><small>${t("logout.hint")}</small></p>
  <//>`;
}

function Called({ me }) {
  const { value, shown } = useLoaded(() => app.about(me));
  const now = value?.find(([key]) => key === "display-name")?.[1];
  return shown || html`<${Ask} label=${t("save")} field=${t("about.display-name")} hint=${t("called.hint")}
    value=${now} maxlength="60" action=${app.call} />`;
}

/** By the text that tells what it does. */
const KEYS = {
  "switch.title": "Ctrl+K",
  search: "Ctrl+F",
  mentions: "F4",
  "help.next": "Alt+↑ ↓",
  "help.new": "Alt+Shift+↑ ↓",
  "help.part": "F6",
  "help.send": "Enter",
  "help.line": "Shift+Enter",
  "help.go": "↑ ↓",
  "help.tab": "Tab",
  close: "Esc",
  help: "F1",
};

export const Help = () => html`<${Dialog} title=${t("help")}>
  <dl>${Object.entries(KEYS).map(([text, key]) => html`<dt><kbd>${key}</kbd></dt><dd>${t(text)}</dd>`)}</dl>
<//>`;
