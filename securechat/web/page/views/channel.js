/** Rooms and who is in them: what keeps order there. */
import { html, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Dialog, Field, Form, Sure, useLoaded } from "./dialog.js";

const ROLES = { "~": "q", "@": "o", "+": "v" };

const memberOf = (room, who) => [...room.members.values()].find(({ name }) => name === who);

const clears = (act) => async (values, form) => {
  await act(values);
  form.reset();
};

export function Channel({ state, room: key }) {
  const room = state.conversations.get(key);
  const kept = useLoaded(() => app.send("POLICY", room.name));
  if (!room) return null;
  const mine = memberOf(room, state.me.account)?.roles ?? "";
  const runs = /[~@]/.test(mine);
  const toggle = (change, label) => html`<label class="check">
    <input type="checkbox" checked=${room.modes.includes(change[0])} onChange=${({ currentTarget }) =>
      app.setMode(key, (currentTarget.checked ? "+" : "-") + change)} /> ${label}
  </label>`;
  return html`<${Dialog} title=${room.name}>
    <p>${room.topic}</p>
    <p><small>${kept.value?.at(-1)?.params.at(-1)}</small></p>
    ${(runs || !room.modes.includes("t")) &&
    html`<${Form} action=${({ text }) => app.setTopic(key, text)} label=${t("save")}>
      <${Field} label=${t("topic")} name="text" defaultValue=${room.topic} maxlength=${state.server.topicLength} />
    <//>`}
    ${(runs || !room.modes.includes("i")) &&
    html`<${Form} action=${clears(({ who }) => app.invite(key, who))} label=${t("room.invite")}>
      <${Field} label=${t("name")} name="who" required autocapitalize="none" />
    <//>`}
    ${runs && html`${toggle("is", t("room.private"))} ${toggle("m", t("room.moderated"))} <${Bans} room=${room} />`}
    ${mine.includes("~") &&
    html`<${Form} action=${({ name }) => app.rename(key, name)} label=${t("room.rename")}>
      <${Field} label=${t("name")} name="name" defaultValue=${room.name} required />
    <//>`}
    <p class="acts">
      <${Sure} label=${t("room.leave")} action=${() => app.part(key).then(() => app.close())} />
      ${mine.includes("~") && html`<${Sure} label=${t("room.drop")} action=${() => app.send("DROP", room.name)} />`}
    </p>
  <//>`;
}

/** Who is banned. */
function Bans({ room }) {
  const { value, again } = useLoaded(() => app.send("MODE", room.name, "+b"));
  const masks = (value ?? []).filter(({ command }) => command === "367").map(({ params }) => params[2]);
  const lift = (mask) => app.send("MODE", room.name, "-b", mask).then(again);
  return masks.length > 0 && html`<h3>${t("bans")}</h3>
    <ul class="rows">${masks.map((mask) => html`<li key=${mask}><span>${mask}</span>
      <button onClick=${() => lift(mask)}>${t("bans.lift")}</button></li>`)}</ul>`;
}

export function Person({ state, room: key, who }) {
  const [step, setStep] = useState("");
  const room = state.conversations.get(key);
  if (!room) return null;
  const mine = memberOf(room, state.me.account)?.roles ?? "";
  const them = memberOf(room, who);
  const runs = them && /[~@]/.test(mine) && who !== state.me.account;
  const done = (act) => () => {
    app.close();
    act();
  };
  const put = async ({ reason }) => {
    if (step === "ban") await app.ban(key, who);
    await app.kick(key, who, reason);
    app.close();
  };
  return html`<${Dialog} title=${who}>
    <p>${them?.away}</p>
    <p class="acts">
      ${room.kind === "person"
        ? html`<button onClick=${done(() => app.leave(key))}>${t("person.hide")}</button>`
        : html`<button autofocus onClick=${done(() => app.talk(who))}>${t("switch.write")}</button>`}
      ${runs && html`<button class="danger" onClick=${() => setStep("kick")}>${t("person.kick")}</button>
        <button class="danger" onClick=${() => setStep("ban")}>${t("person.ban")}</button>`}
    </p>
    ${runs && Object.keys(ROLES).map((role) => (role !== "~" || mine.includes("~")) && html`<label class="check">
      <input type="checkbox" checked=${them.roles.includes(role)}
        onChange=${() => app.setRole(key, who, role, !them.roles.includes(role))} /> ${t(`role.${role}`)}
    </label>`)}
    ${step && html`<${Form} action=${put} danger label=${t(`person.${step}`)}>
      <${Field} label=${t("reason")} name="reason" maxlength="200" />
    <//>`}
  <//>`;
}

/** All rooms that may be seen. */
export function Channels({ state }) {
  const [word, setWord] = useState("");
  const { value, problem } = useLoaded(() => app.channels());
  const enter = (name) => app.join(name).then(() => app.close());
  const found = (value ?? []).filter(({ name, topic }) => (name + topic).toLowerCase().includes(word));
  return html`<${Dialog} title=${t("rooms.all")}>
    <${Field} label=${t("rooms.find")} type="search" onInput=${(event) => setWord(event.currentTarget.value.toLowerCase())} />
    <p class="problem" role="alert">${problem}</p>
    <ul class="rows">${found.map(({ name, count, topic }) => html`<li key=${name}>
      <span><b>${name}</b> · ${t("people", { n: count })}<br /><small>${topic}</small></span>
      <button onClick=${() => enter(name)}>${t("rooms.enter")}</button></li>`)}</ul>
    <${Form} action=${({ name }) => app.create(name.replace(/^#?/, "#")).then(() => app.close())} label=${t("rooms.make")}>
      <${Field} label=${t("rooms.new")} name="name" required autocapitalize="none" />
    <//>
  <//>`;
}
