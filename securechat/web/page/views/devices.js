/** Where one is logged in and remembered; the password and the second factor. */
import { html, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Act, Ask, Dialog, Field, Form, useLoaded, when } from "./dialog.js";
import { NewPassword, Secret, deviceName } from "./login.js";

export function Devices({ state }) {
  const { value, shown, again } = useLoaded(() => app.devices());
  const row = (name, at, here, end) => html`<li key=${name + at}>
    <span><bdi>${name}</bdi><br /><small>${here && t("devices.here")} ${t("devices.used", { time: when(at) })}</small></span>
    <${Act} sure label=${t("devices.end")} action=${() => end().then(again)} />
  </li>`;
  return html`<${Dialog} title=${t("devices")}>
    ${shown}
    <h3>${t("devices.tokens")}</h3>
    <ul class="rows">${value?.tokens.map(({ name, created, used, here }) =>
      row(name, used || created, here, () => app.endDevice(name)))}</ul>
    ${value?.forgotten && html`<${Remember} then=${again} />`}
    <h3>${t("devices.sessions")}</h3>
    <ul class="rows">${value?.sessions.map(({ id, by, name, heard, address, here }) =>
      row(`${name === "*" ? by : name} · ${address}`, heard, here, () => app.endSession(id)))}</ul>
    <${Credentials} least=${state.server.minPassword} />
  <//>`;
}

/** For managers of passwords. */
const Whose = () => html`<input hidden autocomplete="username" value=${app.state.me.account} />`;

/** The password once more, and the code. */
export const Prove = ({ then }) => html`<${Form} label=${t("next")}
  action=${({ password, code }) => app.prove(password + code).then(then)}><${Whose} />
  <${Field} label=${t("password")} type="password" name="password" required autofocus autocomplete="current-password" />
  <${Field} label=${t("code")} hint=${t("code.if")} name="code" />
<//>`;

/** For who didn't ask for it at the login; a while after that the server wants the password. */
function Remember({ then }) {
  const [asks, setAsks] = useState(false);
  const keep = () => app.remember(deviceName()).then(then, (problem) => {
    if (problem.code !== "REAUTHENTICATE") throw problem;
    setAsks(true);
  });
  return html`<p>${t("login.remember.hint")}</p>
    ${asks ? html`<${Prove} then=${keep} />` : html`<${Act} label=${t("login.remember")} action=${keep} />`}`;
}

/** The password, and then the second factor; the server wants the password shown before either. */
function Credentials({ least }) {
  const [proved, setProved] = useState(false);
  const [said, setSaid] = useState(null);
  const change = async ({ password, again }, form) => {
    if (password !== again) throw { code: "TWICE" };
    await app.send("PASSWD", password);
    form.reset();
    setSaid(t("password.changed"));
  };
  if (!proved)
    return html`<details><summary>${t("credentials")}</summary>
      <${Prove} then=${() => setProved(true)} /></details>`;
  return html`<h3>${t("credentials")}</h3>
    <div role="status">${said}</div>
    <${Form} action=${change} label=${t("password.change")}><${Whose} /><${NewPassword} least=${least} /><//>
    <${Factor} />`;
}

function Factor() {
  const { value, shown, again } = useLoaded(async () => (await app.send("TOTP", "STATUS"))[0].params);
  const [offer, setOffer] = useState(null);
  const begin = async () => {
    const [{ params }] = await app.send("TOTP", "ENROLL");
    setOffer({ secret: params[2], uri: params[3] });
  };
  // The recovery codes come as a dialog of their own.
  const ask = (label, verb, then, props) => html`<${Ask} label=${t(label)} field=${t("code")} required
    action=${(code) => app.send("TOTP", verb, code).then(then)} ...${props} />`;
  if (offer) return html`<${Secret} ...${offer} />${ask("factor.on", "CONFIRM", undefined, { inputmode: "numeric" })}`;
  if (!value) return shown;
  const [, , is, left] = value;
  if (is === "OFF") return html`<p>${t("factor.off")}</p><${Act} label=${t("factor.begin")} action=${begin} />`;
  return html`<p>${t("factor.left", { n: +left })}</p>
    ${ask("factor.renew", "RECOVERY")} ${is === "ON" && ask("factor.remove", "REMOVE", again)}`;
}

/** Shown once, when the second factor begins. */
export const Recovery = ({ codes }) => html`<${Dialog} title=${t("factor.recovery")}>
  <p>${t("factor.codes")}</p>
  <pre>${codes.join("\n")}</pre>
  <${Act} label=${t("menu.copy")} action=${() => navigator.clipboard.writeText(codes.join("\n"))} />
<//>`;
