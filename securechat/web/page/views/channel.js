/** Rooms and who is in them: what keeps order there. */
import { html, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Act, Ask, Check, Dialog, Field, Gone, closing, useLoaded } from "./dialog.js";
import { whom } from "./happened.js";
import { plain } from "./rich.js";

export function Channel({ state, room: key }) {
  const room = state.conversations.get(key);
  const kept = useLoaded(() => app.policy(key));
  if (!room) return html`<${Gone} />`;
  const { name, modes } = room;
  const mine = app.member(key)?.roles ?? "";
  const runs = /[~@]/.test(mine);
  const owns = mine.includes("~");
  const set = (change, label) => html`<${Check} label=${label} checked=${modes.includes(change[0])}
    action=${(on) => app.setMode(key, (on ? "+" : "-") + change)} />`;
  return html`<${Dialog} title=${name}>
    <p dir="auto">${plain(room.topic)}</p>
    <p><small>${kept.value}</small></p>
    ${(runs || !modes.includes("t")) &&
    html`<${Ask} label=${t("save")} field=${t("topic")} value=${room.topic}
      maxlength=${state.server.topicLength || 390} action=${(text) => app.setTopic(key, text)} />`}
    ${(runs || !modes.includes("i")) &&
    html`<${Ask} label=${t("room.invite")} field=${t("room.who")} clear required autocapitalize="none"
      action=${(who) => app.invite(key, who)} />`}
    ${owns &&
    html`<${Ask} label=${t("room.rename")} field=${t("room.name")} value=${name} required
      action=${(to) => app.rename(key, to)} />`}
    ${runs && html`${set("is", t("mode.i"))} ${set("m", t("mode.m"))} <${Bans} name=${name} />`}
    <p class="acts">
      <${Act} sure label=${t("room.leave")} action=${() => app.part(key).then(app.close)} />
      ${owns && html`<${Act} sure label=${t("room.drop")} action=${() => app.send("DROP", name).then(app.close)} />`}
    </p>
  <//>`;
}

/** Who is banned. */
function Bans({ name }) {
  const { value = [], again } = useLoaded(() => app.send("MODE", name, "+b"));
  const masks = value.filter(({ command }) => command === "367").map(({ params }) => params[2]);
  const lift = (mask) => app.send("MODE", name, "-b", mask).then(again);
  return masks.length > 0 && html`<h3>${t("bans")}</h3>
    <ul class="rows">${masks.map((mask) => html`<li key=${mask}><bdi>${whom(mask)}</bdi>
      <${Act} label=${t("bans.lift")} action=${() => lift(mask)} /></li>`)}</ul>`;
}

const LONGEST = 300;

/** In words if we have them; else by the key. */
function About({ who }) {
  const { value = [] } = useLoaded(() => app.about(who));
  const label = (key) => t(`about.${key}`).replace("about.", "");
  return html`<dl>${value.map(([key, text]) => html`<dt>${plain(label(key))}</dt>
    <dd dir="auto">${plain(text).slice(0, LONGEST)}</dd>`)}</dl>`;
}

export function Person({ state, room: key, who }) {
  const [step, setStep] = useState("");
  const room = state.conversations.get(key);
  if (!room) return html`<${Gone} />`;
  const mine = app.member(key)?.roles ?? "";
  const them = app.member(key, who);
  const runs = them && /[~@]/.test(mine) && who !== state.me.account;
  const put = async (reason) => {
    if (step === "ban") await app.ban(key, who);
    await app.kick(key, who, reason);
    app.close();
  };
  const roles = ["~", "@", "+"].filter((role) => role !== "~" || mine.includes("~"));
  return html`<${Dialog} title=${who}>
    <p dir="auto">${plain(them?.away ?? "")}</p>
    <${About} who=${who} />
    <p class="acts">
      ${room.kind === "person"
        ? html`<${Act} label=${t("person.hide")} action=${closing(() => app.leave(key))} />`
        : html`<${Act} label=${t("switch.write")} autofocus action=${closing(() => app.talk(who))} />`}
      ${runs &&
      ["kick", "ban"].map((one) => html`<button class="danger" onClick=${() => setStep(one)}>${t(`person.${one}`)}</button>`)}
    </p>
    ${runs && roles.map((role) => html`<${Check} label=${t(`role.${role}`)} checked=${them.roles.includes(role)}
      action=${(on) => app.setRole(key, who, role, on)} />`)}
    ${step && html`<${Ask} key=${step} field=${t("reason")} maxlength="200" label=${t(`person.${step}`)} action=${put} />`}
  <//>`;
}

/** All rooms that may be seen. */
export function Channels() {
  const [word, setWord] = useState("");
  const { value = [], shown } = useLoaded(() => app.channels());
  const enter = (name) => app.join(name).then(app.close);
  const found = value.filter(({ name, topic }) => (name + topic).toLowerCase().includes(word));
  return html`<${Dialog} title=${t("rooms.all")}>
    <${Field} label=${t("rooms.find")} type="search" autofocus
      onInput=${(event) => setWord(event.currentTarget.value.toLowerCase())} />
    ${shown}
    <ul class="rows">${found.map(({ name, count, topic }) => html`<li key=${name}>
      <span><b><bdi>${name}</bdi></b> · ${t("people", { n: count })}<br /><small dir="auto">${plain(topic)}</small></span>
      <${Act} label=${t("rooms.enter")} action=${() => enter(name)} /></li>`)}</ul>
    <${Ask} label=${t("rooms.make")} field=${t("rooms.new")} required autocapitalize="none"
      action=${(name) => app.join(name.replace(/^#?/, "#")).then(app.close)} />
  <//>`;
}
