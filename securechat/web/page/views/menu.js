/** What can be done with a message. */
import { html, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";
import { Act, Ask, Dialog, Gone, closing } from "./dialog.js";
import { plain } from "./rich.js";

const USUAL = ["👍", "❤️", "😂", "🎉", "👀", "✅"];

export function Menu({ room: key, id }) {
  const [step, setStep] = useState("");
  const item = app.find(key, id);
  if (!item) return html`<${Gone} />`;
  const { author, mine } = item;
  const text = plain(item.text);
  const react = (emoji) => closing(() => app.react(key, id, emoji))();
  const steps = {
    redact: (reason) => closing(() => app.redact(key, id, reason))(),
    report: (reason) => app.send("REPORT", author, id, reason).then(app.close),
  };
  const act = (label, action, props) => html`<${Act} label=${label} action=${action} ...${props} />`;
  return html`<${Dialog} title=${t("menu", { name: author })}>
    <blockquote dir="auto">${text.slice(0, 200)}</blockquote>
    ${step
      ? html`<p>${t(`${step}.sure`, { name: author })}</p>
          <${Ask} key=${step} label=${t(`menu.${step}`)} field=${t("reason")} maxlength="200" autofocus
            required=${step === "report"} action=${steps[step]} />`
      : html`<p class="acts" role="group" aria-label=${t("menu.react")}>
            ${USUAL.map((one, at) => act(one, () => react(one), { class: "emoji", autofocus: !at }))}
          </p>
          <${Ask} label=${t("menu.react")} field=${t("menu.other")} action=${react} maxlength="16" required />
          <p class="acts">
            ${act(t("menu.reply"), closing(() => app.setReply(key, id)))}
            ${act(t("menu.copy"), closing(() => navigator.clipboard.writeText(text)))}
            ${!mine && act(`${author}…`, () => app.show({ name: "person", room: key, who: author }))}
            ${!mine && act(t("menu.report"), () => setStep("report"))}
            ${(mine || /[~@]/.test(app.member(key)?.roles ?? "")) && act(t("menu.redact"), () => setStep("redact"), { class: "danger" })}
          </p>`}
  <//>`;
}
