/** What whoever administers the server does there: as `securechat-admin`, by ADMINISTER. */
import { html, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Prove } from "./devices.js";
import { Act, Ask, Dialog, Field, Form, useLoaded, when } from "./dialog.js";
import { special } from "./happened.js";
import { Qr } from "./qr.js";

const TABS = { invite: Invite, accounts: Accounts, rooms: Rooms, audit: Audit, kept: Kept };

export function Admin() {
  const [tab, setTab] = useState("invite");
  const [locked, setLocked] = useState(false);
  /** The answer is JSON, in pieces. */
  const ask = async (what, facts = {}) => {
    try {
      const answer = await app.send("ADMINISTER", ...what.split(" "), JSON.stringify(facts));
      const parts = answer.filter(({ params }) => params[1] === "PART").map(({ params }) => params.at(-1));
      return JSON.parse(parts.join(""));
    } catch (problem) {
      setLocked(problem.code === "REAUTHENTICATE");
      throw problem;
    }
  };
  return html`<${Dialog} title=${t("admin")}>
    <p class="acts">${Object.keys(TABS).map((name) => html`<button class=${name === tab && "primary"}
      aria-pressed=${String(name === tab)} onClick=${() => setTab(name)}>${t(`admin.${name}`)}</button>`)}</p>
    ${locked
      ? html`<p>${t("refused.REAUTHENTICATE")}</p><${Prove} then=${() => setLocked(false)} />`
      : html`<${TABS[tab]} key=${tab} ask=${ask} />`}
  <//>`;
}

/** Rows by pages; row(one, change): change(another) puts another in its place, change() none. */
function Pages({ load, row, none = t("found.none") }) {
  const [found, set] = useState(null);
  const { rows, more } = found ?? { rows: [] };
  const next = async (last) => {
    const page = await load(last);
    set({ ...page, rows: [...(last ? rows : []), ...page.rows] });
    return true;
  };
  const { shown } = useLoaded(next);
  const change = (one) => (other) =>
    set(({ rows, more }) => ({ rows: rows.flatMap((old) => (old === one ? other ?? [] : old)), more }));
  return html`${shown || (!rows.length && html`<p>${none}</p>`)}
    <ul class="rows">${rows.map((one) => html`<li key=${one.id ?? one.name}>${row(one, change(one))}</li>`)}</ul>
    ${more && html`<${Act} label=${t("admin.more")} action=${() => next(rows.at(-1))} />`}`;
}

const Handed = ({ text }) => html`<p class="acts"><code>${text}</code>
  <${Act} label=${t("menu.copy")} action=${() => navigator.clipboard.writeText(text)} /></p>`;

function Invite({ ask }) {
  const [made, setMade] = useState(null);
  const make = async ({ uses, days, note }) => {
    const { page, link, closed, loopback } = await ask("invite", { uses: +uses, days: +days, note });
    const links = Object.entries({ page, client: link }).filter(([, text]) => text);
    setMade({ links, told: closed ? "admin.closed" : loopback ? "admin.loopback" : "admin.made" });
  };
  const number = (name, value, max) => html`<${Field} label=${t(`admin.${name}`)} name=${name} type="number"
    required min="1" max=${max} value=${value} />`;
  return html`<${Form} action=${make} label=${t("admin.make")}>
      ${number("uses", 1, 100000)} ${number("days", 7, 3650)}
      <${Field} label=${t("admin.note")} name="note" maxlength="200" /><//>
    <div role="status">${made && html`<p>${t(made.told)}</p>
      ${made.links.map(([way, text]) => html`<p>${t(`admin.${way}`)}</p><${Handed} text=${text} />`)}
      <${Qr} text=${made.links[0][1]} />`}</div>
    <${Pages} key=${made?.links[0][1]} none="" load=${() => ask("invite list")}
      row=${({ id, uses, expires_ms, note, admin }, change) => html`<span>${note || id} ${admin && t("is.admin")}<br />
        <small>${t("admin.left", { n: uses, time: when(expires_ms) })}</small></span>
        <${Act} sure label=${t("devices.end")} action=${() => ask("invite revoke", { id }).then(() => change())} />`} />`;
}

function Accounts({ ask }) {
  const [search, setSearch] = useState("");
  return html`<${Ask} label=${t("search")} field=${t("name")} quiet action=${setSearch} />
    <${Pages} key=${search} load=${(last) => ask("user list", { search, after: last?.name ?? "" })}
      row=${(one, change) => html`<${Account} one=${one} change=${change} ask=${ask} />`} />`;
}

const FLAGS = ["admin", "bot", "disabled", "second_factor"];

function Account({ one, change, ask }) {
  const [said, setSaid] = useState(null);
  const { name, disabled } = one;
  const act = (label, what, then) =>
    html`<${Act} sure label=${t(label)} action=${() => ask(what, { name }).then(then)} />`;
  const able = disabled ? "enable" : "disable";
  return html`<details>
    <summary>${name} <small>${FLAGS.filter((flag) => one[flag]).map((flag) => t(`is.${flag}`)).join(", ")}</small></summary>
    <p class="acts">${one.admin ? t("admin.machine") : html`
      ${act(`admin.${able}`, `user ${able}`, () => change({ ...one, disabled: !disabled }))}
      ${act("password.new", "user passwd", ({ password }) =>
        setSaid(html`<p>${t("admin.once")}</p><${Handed} text=${password} />`))}
      ${act("admin.logout", "logout", (n) => setSaid(t("admin.ended", { n })))}
      ${!!one.second_factor && act("factor.remove", "user remove-factor", () => change({ ...one, second_factor: 0 }))}`}</p>
    <div role="status">${said}</div></details>`;
}

function Rooms({ ask }) {
  const row = (one, change) => {
    const { name: channel, topic, members, modes, keep_days } = one;
    const keep = async (value) => {
      const days = value ? +value : null;
      await ask("channel retention", { channel, days });
      change({ ...one, keep_days: days });
    };
    return html`<details><summary>${channel} <small>${[t("people", { n: members }), ...special(modes)].join(" · ")}</small></summary>
      <p>${topic}</p>
      <${Ask} label=${t("save")} field=${t("admin.keep")} hint=${t("admin.keep.hint")} value=${keep_days}
        type="number" min="0" max="36500" action=${keep} />
      <${Ask} label=${t("save")} field=${t("admin.operator")} clear required autocapitalize="none"
        action=${(name) => ask("channel role", { channel, name, role: "operator" })} />
      <${Act} sure label=${t("room.drop")} action=${() => ask("channel drop", { channel }).then(() => change())} /></details>`;
  };
  return html`<${Pages} load=${(last) => ask("channel list", { after: last?.name ?? "" })} row=${row} />`;
}

function Audit({ ask }) {
  const [account, setAccount] = useState("");
  return html`<${Ask} label=${t("search")} field=${t("account")} quiet action=${setAccount} />
    <${Pages} key=${account} load=${(last) => ask("audit", { account, before: last?.id ?? 0 })}
      row=${({ event, account, result, at_ms, address, facts }) => html`<span>
        <b>${event}</b> · ${account} ${result !== "ok" &&
        html`<span class="problem">✗ ${t("message.refused")}: ${result}</span>`}<br />
        <small>${when(at_ms, { timeStyle: "medium" })} ${address} ${Object.entries(facts).map((fact) => fact.join("=")).join(" ")}</small>
      </span>`} />`;
}

function Kept({ ask }) {
  const { value, shown } = useLoaded(() => ask("kept"));
  if (!value) return shown;
  const size = (n) => (n < 2 ** 30 ? `${(n / 2 ** 20).toFixed(1)} MiB` : `${(n / 2 ** 30).toFixed(1)} GiB`);
  const days = (n) => (n ? t("admin.for", { n }) : t("admin.ever"));
  const rows = [[t("admin.messages"), days(value.keep_days)],
    ...value.channels.map((one) => [one.name, days(one.keep_days)]),
    [t("admin.oldest"), value.oldest_ms.log && when(value.oldest_ms.log)],
    ...Object.entries(value.files).map(([name, n]) => [name.replace(/^(database|search)( index)?/, (_, what) => t(`file.${what}`)), size(n)]),
    [t("admin.free"), size(value.free)]];
  return html`<dl>${rows.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>`;
}
