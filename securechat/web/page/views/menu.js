/** What can be done with a message. */
import { html, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Dialog, Field, Form } from "./dialog.js";

const USUAL = ["👍", "❤️", "😂", "🎉", "👀", "✅"];

export function Menu({ state, room, id }) {
  const [step, setStep] = useState("");
  const item = app.find(room, id);
  const place = state.conversations.get(room);
  if (!item || !place) return null;
  const own = [...place.members.values()].find(({ name }) => name === state.me.account);
  const done = (act) => () => {
    app.close();
    act();
  };
  const react = (emoji) => done(() => app.react(room, id, emoji))();
  const redact = ({ reason }) => done(() => app.redact(room, id, reason))();
  const report = ({ reason }) => app.send("REPORT", item.author, id, reason).then(() => {
    app.close();
    app.notice(t("report.done"));
  });
  const asks = step && { redact: [redact, true], report: [report, false] }[step];
  return html`<${Dialog} title=${t("menu", { name: item.author })}>
    <blockquote>${item.text.slice(0, 200)}</blockquote>
    ${asks
      ? html`<${Form} key=${step} action=${asks[0]} danger=${asks[1]} label=${t(`menu.${step}`)}>
          <p>${t(`${step}.sure`)}</p>
          <${Field} label=${t("reason")} name="reason" maxlength="200" required=${!asks[1]} autofocus />
        <//>`
      : html`<p class="acts" role="group" aria-label=${t("menu.react")}>
            ${USUAL.map((one) => html`<button class="emoji" key=${one} autofocus=${one === USUAL[0]} onClick=${() => react(one)}>${one}</button>`)}
          </p>
          <${Form} action=${({ emoji }) => react(emoji)} label=${t("menu.react")}>
            <${Field} label=${t("menu.other")} name="emoji" maxlength="16" required />
          <//>
          <p class="acts">
            <button onClick=${done(() => app.setReply(room, id))}>${t("menu.reply")}</button>
            <button onClick=${done(() => navigator.clipboard.writeText(item.text))}>${t("menu.copy")}</button>
            ${!item.mine &&
            html`<button onClick=${() => app.show({ name: "person", room, who: item.author })}>
              ${item.author}…</button>
              <button onClick=${() => setStep("report")}>${t("menu.report")}</button>`}
            ${(item.mine || /[~@]/.test(own?.roles ?? "")) &&
            html`<button class="danger" onClick=${() => setStep("redact")}>${t("menu.redact")}</button>`}
          </p>`}
  <//>`;
}
