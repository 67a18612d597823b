/** Settings, and help. */
import { html } from "../html.js";
import { app } from "../app.js";
import { LANGUAGES, t } from "../text/index.js";
import { Dialog } from "./dialog.js";

function Choice({ label, name, value, of }) {
  const set = (event) => app.setSetting(name, event.currentTarget.value);
  return html`<label class="field"><span>${label}</span>
    <select value=${value} onChange=${set}>
      ${Object.entries(of).map(([one, text]) => html`<option value=${one}>${text}</option>`)}
    </select>
  </label>`;
}

function Switch({ label, name, value }) {
  const set = () => app.setSetting(name, !value);
  return html`<label class="check"><input type="checkbox" checked=${value} onChange=${set} /> ${label}</label>`;
}

export function Settings({ state }) {
  const { theme, language, notify, events } = state.settings;
  const themes = { auto: t("auto"), light: t("theme.light"), dark: t("theme.dark") };
  return html`<${Dialog} title=${t("settings")}>
    <${Choice} label=${t("theme")} name="theme" value=${theme} of=${themes} />
    <${Choice} label=${t("language")} name="language" value=${language}
      of=${{ "": t("auto"), ...LANGUAGES }} />
    <${Switch} label=${t("settings.notify")} name="notify" value=${notify} />
    <${Switch} label=${t("settings.events")} name="events" value=${events} />
    <p class="acts">
      <button onClick=${() => app.show({ name: "devices" })}>${t("devices")}…</button>
      <button onClick=${() => app.show({ name: "help" })}>${t("help")}…</button>
      <button class="danger" onClick=${() => app.logout()}>${t("logout")}</button>
    </p>
    <p><small>${t("logout.hint")}</small></p>
  <//>`;
}

const KEYS = ["Ctrl+K", "Ctrl+F", "Enter", "Shift+Enter", "↑ ↓", "Alt+↑ ↓", "PgUp PgDn", "Esc"];

export const Help = () => html`<${Dialog} title=${t("help")}>
  <dl>${KEYS.map((key, place) => html`<dt><kbd>${key}</kbd></dt><dd>${t(`help.${place}`)}</dd>`)}</dl>
<//>`;
