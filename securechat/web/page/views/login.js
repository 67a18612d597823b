/** The first minute: log in, or make an account by an invite. */
import { html, lazy, useEffect, useRef, useState } from "../html.js";
import { app } from "../app.js";
import { inviteIn } from "../device/address.js";
import { t } from "../text/index.js";
import { Check, Field, Form } from "./dialog.js";

/** A name for this browser among the account's devices: one word. */
export function deviceName() {
  const agent = navigator.userAgent;
  const browser = /Firefox|Edg|Chrome|Safari/.exec(agent) ?? ["web"];
  const system = /Android|iPhone|iPad|Windows|Mac|Linux/.exec(agent) ?? [];
  return [...browser, ...system].join("-");
}

export function Login({ state }) {
  const given = state.invite;
  const [making, setMaking] = useState(!!given);
  useEffect(() => void (given && setMaking(true)), [given]);
  const { registration, name, port } = state.server;
  const Part = making ? Making : Entry;
  const at = location.hostname + (port === 6697 ? "" : `:${port}`);
  // Where the server can't be reached somebody may want to change what they typed.
  const waits = state.phase !== "login" && (!state.problem || state.problem.code === "WAIT");
  return html`<main class="login">
    <h1>securechat</h1>
    <p>${t(!making ? "login.to" : given ? "login.welcome" : "login.at", { server: name || location.hostname })}</p>
    <${Part} state=${state} given=${given} rest=${{ waits, said: state.problem }} />
    ${(registration || making) &&
    html`<button class="link" onClick=${() => setMaking(!making)}>${t(making ? "login.have" : "login.new")}</button>`}
    ${location.protocol === "https:" &&
    html`<details>
      <summary>${t("ways")}</summary>
      <p>${t("ways.why")}</p>
      <p>${t("ways.open")} <code>securechat open ${at}</code></p>
      <p>${t("ways.trust")} <code>securechat trust browsers ${at}</code></p>
    </details>`}
  </main>`;
}

function Entry({ state: { problem }, rest }) {
  const asks = ["CODE_REQUIRED", "SECOND_FACTOR_REQUIRED"].includes(problem?.code);
  const [coded, setCoded] = useState(false);
  useEffect(() => void (asks && setCoded(true)), [asks]);
  const enter = (values) => app.login({ ...values, remember: !!values.remember });
  return html`<${Form} action=${enter} label=${t("login.enter")} ...${rest}>
    <${Account} label=${t("account")} />
    <${Field} label=${t("password")} name="password" type="password" required
      autocomplete="current-password" />
    ${problem?.secret && html`<${Secret} ...${problem} />`}
    ${coded && html`<${Code} />`}
    <${Remember} />
  <//>`;
}

function Making({ state: { server }, given, rest }) {
  const make = async (values) => {
    if (values.password !== values.again) throw { code: "TWICE" };
    const invite = inviteIn(values.invite ?? given) || "*";
    await app.register({ ...values, invite, remember: !!values.remember });
  };
  return html`<${Form} action=${make} label=${t("login.make")} ...${rest}>
    ${!given && html`<${Field} label=${t("login.invite")} hint=${t("login.invite.hint")} name="invite" />`}
    <${Account} label=${t("name")} hint=${t("login.name.hint")} />
    <${NewPassword} least=${server.minPassword} />
    <${Remember} />
  <//>`;
}

const Account = (props) => html`<${Field} name="account" required autofocus autocomplete="username"
  autocapitalize="none" spellcheck="false" ...${props} />`;

// Hardly any login needs it.
const Qr = lazy(() => import("./qr.js"), "Qr");

/** What an authenticator needs: for another device to scan, for this one, and to be typed. */
export function Secret({ secret, uri }) {
  const safe = uri?.startsWith("otpauth:");
  return html`<p>
    ${t("factor.key")} <code>${secret.replace(/(.{4})(?=.)/g, "$1 ")}</code>
    ${" "}${safe && html`<a href=${uri}>${t("factor.open")}</a> <${Qr} text=${uri} />`}
  </p>`;
}

function Code() {
  const ref = useRef(null);
  useEffect(() => ref.current.querySelector("input").focus(), []);
  return html`<div class="wide" ref=${ref}>
    <${Field} label=${t("code")} hint=${t("code.hint")} name="code" required autocomplete="one-time-code" />
  </div>`;
}

function Remember() {
  const [on, setOn] = useState(app.state.settings.remember);
  return html`<div><${Check} label=${t("login.remember")} name="remember" checked=${on} action=${setOn}
      aria-describedby="remember" /><small id="remember">${t("login.remember.hint")}</small></div>
    ${on &&
    html`<${Field} label=${t("login.device")} name="device" value=${deviceName()} maxlength="32" required
      onInput=${({ currentTarget: it }) => (it.value = it.value.replace(/^:|\s/g, "-"))} />`}`;
}

/** A new password, twice, with the rules before. */
export function NewPassword({ least }) {
  const [shown, setShown] = useState(false);
  const rest = { type: shown ? "text" : "password", autocomplete: "new-password", required: true };
  return html`<${Field} label=${t("password.new")} hint=${t("password.rules", { n: least || 8 })}
      name="password" minlength=${least} ...${rest} />
    <${Field} label=${t("password.again")} name="again" ...${rest} />
    <${Check} label=${t("password.show")} checked=${shown} action=${setShown} />`;
}
