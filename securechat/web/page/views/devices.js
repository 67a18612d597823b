/** Where one is logged in and remembered; the password and the second factor. */
import { html, useState } from "../html.js";
import { app } from "../app.js";
import { language, t } from "../text/index.js";
import { Dialog, Field, Form, Sure, useLoaded } from "./dialog.js";
import { Code, NewPassword, Secret } from "./login.js";

export function Devices({ state }) {
  const { value, problem, again } = useLoaded(() => app.devices());
  const { tokens = [], sessions = [] } = value ?? {};
  const when = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" });
  const row = (key, name, time, here, end) => html`<li key=${key}>
    <span>${name}<br /><small>${here && t("devices.here")} ${t("devices.used", { time: when.format(time) })}</small></span>
    <${Sure} label=${t("devices.end")} action=${() => end().then(again)} />
  </li>`;
  return html`<${Dialog} title=${t("devices")}>
    <p class="problem" role="alert">${problem}</p>
    <h3>${t("devices.tokens")}</h3>
    <ul class="rows">${tokens.map(({ name, created, used, here }) =>
      row(name, name, used || created, here, () => app.endDevice(name)))}</ul>
    <h3>${t("devices.sessions")}</h3>
    <ul class="rows">${sessions.map(({ id, by, name, heard, address, here }) =>
      row(id, `${name || by} · ${address}`, heard, here, () => app.endSession(id)))}</ul>
    <${Credentials} state=${state} />
  <//>`;
}

/** Password and second factor; the server wants the password shown before either. */
function Credentials({ state }) {
  const [proved, setProved] = useState(false);
  const [offer, setOffer] = useState(null);
  const [codes, setCodes] = useState(null);
  const [said, setSaid] = useState("");
  const prove = async ({ password, code }) => {
    await app.prove(password + (code ?? ""));
    setProved(true);
  };
  const change = async ({ password, again }, form) => {
    if (password !== again) throw { code: "TWICE" };
    await app.send("PASSWD", password);
    form.reset();
    setSaid(t("password.changed"));
  };
  const begin = async () => {
    const [{ params }] = await app.send("TOTP", "ENROLL");
    setOffer({ secret: params[2], uri: params[3] });
  };
  const confirm = async ({ code }) => {
    const told = await app.send("TOTP", "CONFIRM", code);
    setCodes(told.find(({ params }) => params[1] === "RECOVERY").params.slice(2, -1));
  };
  const remove = async ({ code }) => {
    await app.send("TOTP", "REMOVE", code);
    setSaid(t("factor.off"));
  };
  if (!proved) return html`<details><summary>${t("credentials")}</summary>
    <${Form} action=${prove} label=${t("next")}>
      <${Field} label=${t("password")} type="password" name="password" required autocomplete="current-password" />
      <${Field} label=${t("code")} hint=${t("code.if")} name="code" />
    <//></details>`;
  return html`<h3>${t("credentials")}</h3>
    <p role="status">${said}</p>
    <${Form} action=${change} label=${t("password.change")}><${NewPassword} least=${state.server.minPassword} /><//>
    ${codes
      ? html`<p>${t("factor.codes")}</p><pre>${codes.join("\n")}</pre>`
      : offer
        ? html`<${Secret} ...${offer} /><${Form} action=${confirm} label=${t("factor.on")}><${Code} /><//>`
        : html`<${Form} action=${begin} label=${t("factor.begin")} /><${Form} action=${remove} label=${t("factor.remove")}><${Field} label=${t("code")} name="code" required /><//>`}`;
}
