/** The first minute: log in, or make an account by an invite. */
import { html, useEffect, useRef, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Field, Form, problemText } from "./dialog.js";

/** The code of an invite in a link: `#invite=CODE`, a whole `securechat://…`, or the code alone. */
export function inviteIn(/** @type {string} */ text) {
  const link = /(?:invite=|securechat:\/\/[^/]+\/)([\w-]{8,64})/i.exec(text);
  return link ? link[1] : text;
}

/** A name for this browser among the account's devices: one word. */
function deviceName() {
  const agent = navigator.userAgent;
  const browser = /Firefox|Edg|OPR|Chrom|Safari/.exec(agent)?.[0] ?? "web";
  const system = /Android|iPhone|iPad|Windows|Mac|Linux/.exec(agent)?.[0] ?? "";
  const names = { Edg: "Edge", OPR: "Opera", Chrom: "Chrome" };
  return [names[browser] ?? browser, system].filter(Boolean).join("-");
}

export function Login({ state }) {
  const [given] = useState(() => (location.hash.length > 9 ? inviteIn(location.hash) : ""));
  const [making, setMaking] = useState(!!given);
  const { registration, name } = state.server;
  const busy = state.phase !== "login";
  return html`<main class="login">
    <h1>securechat</h1>
    <p>${t(making ? "login.welcome" : "login.to", { server: name || location.hostname })}</p>
    ${making ? html`<${Making} ...${{ state, given, busy }} />` : html`<${Entry} ...${{ state, busy }} />`}
    ${(registration || making) &&
    html`<button class="link" onClick=${() => setMaking(!making)}>
      ${t(making ? "login.have" : registration === "open" ? "login.open" : "login.new")}
    </button>`}
    <${Ways} />
  </main>`;
}

function Entry({ state, busy }) {
  const { problem } = state;
  const asks = ["CODE_REQUIRED", "SECOND_FACTOR_REQUIRED"].includes(problem?.code);
  const [coded, setCoded] = useState(false);
  useEffect(() => void (asks && setCoded(true)), [asks]);
  const enter = (values) => app.login({ ...values, remember: !!values.remember });
  return html`<${Form} action=${enter} label=${t("login.enter")} busy=${busy} said=${problem}>
    <${Field} label=${t("account")} name="account" required autocomplete="username" autofocus
      autocapitalize="none" spellcheck="false" />
    <${Field} label=${t("password")} name="password" type="password" required
      autocomplete="current-password" />
    ${problem?.secret && html`<${Secret} ...${problem} />`}
    ${coded && html`<${Code} />`}
    <${Remember} />
  <//>`;
}

/** What an authenticator needs. */
export const Secret = ({ secret, uri }) => html`<p>
  ${t("factor.key")}${" "}
  <code>${secret.replace(/(.{4})(?=.)/g, "$1 ")}</code>${" "}
  <a href=${uri}>${t("factor.open")}</a>
</p>`;

export function Code() {
  const ref = useRef(null);
  useEffect(() => ref.current.querySelector("input").focus(), []);
  return html`<div ref=${ref}>
    <${Field} label=${t("code")} hint=${t("code.hint")} name="code" required
      autocomplete="one-time-code" autocapitalize="none" />
  </div>`;
}

function Remember() {
  const [on, setOn] = useState(true);
  return html`<label class="check">
      <input type="checkbox" name="remember" checked=${on} onChange=${() => setOn(!on)} />
      ${t("login.remember")}
    </label>
    ${on &&
    html`<${Field} label=${t("login.device")} name="device" value=${deviceName()} maxlength="32"
      pattern="[^:\\s]\\S*" required />`}`;
}

function Making({ state, given, busy }) {
  const make = async (values) => {
    if (values.password !== values.again) throw { code: "TWICE" };
    const invite = inviteIn(values.invite ?? given) || "*";
    await app.register({ ...values, invite, remember: !!values.remember });
  };
  return html`<${Form} action=${make} label=${t("login.make")} busy=${busy} said=${state.problem}>
    ${!given && state.server.registration !== "open" &&
    html`<${Field} label=${t("login.invite")} name="invite" required />`}
    <${Field} label=${t("name")} hint=${t("login.name.hint")} name="account" required
      autocomplete="username" autofocus autocapitalize="none" spellcheck="false" />
    <${NewPassword} least=${state.server.minPassword} />
    <${Remember} />
  <//>`;
}

/** A new password, twice, with the rules before. */
export function NewPassword({ least }) {
  const [shown, setShown] = useState(false);
  const rest = { type: shown ? "text" : "password", autocomplete: "new-password", required: true };
  return html`<${Field} label=${t("password.new")} hint=${t("password.rules", { n: least || 8 })}
      name="password" minlength=${least || 1} ...${rest} />
    <${Field} label=${t("password.again")} name="again" ...${rest} />
    <label class="check">
      <input type="checkbox" checked=${shown} onChange=${() => setShown(!shown)} />
      ${t("password.show")}
    </label>`;
}

/** How to come to a page that the browser trusts. */
const Ways = () => html`<details>
  <summary>${t("ways")}</summary>
  <p>${t("ways.why")}</p>
  <p>${t("ways.open")} <code>securechat open ${location.hostname}</code></p>
  <p>${t("ways.trust")} <code>securechat trust ${location.hostname}</code></p>
</details>`;
