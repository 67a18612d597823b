/** What dialogs are made of. */
import { html, useEffect, useRef, useState } from "../html.js";
import { app } from "../app.js";
import { t } from "../text/index.js";

/** Focus stays inside, Escape closes it, and focus goes back to where it was.
 * @param {{title: string, children?: any}} props */
export function Dialog({ title, children }) {
  const ref = useRef(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    app.close();
  };
  const press = (event) => event.target === ref.current && app.close();
  return html`<dialog ref=${ref} aria-label=${title} onCancel=${cancel} onMouseDown=${press}>
    <header>
      <h2>${title}</h2>
      <button class="icon" aria-label=${t("close")} onClick=${() => app.close()}>×</button>
    </header>
    ${children}
  </dialog>`;
}

/** One input with its name and what it takes. */
export const Field = ({ label, hint = "", ...props }) => html`<label class="field">
  <span>${label}</span>
  <input autocomplete="off" ...${props} />
  ${hint && html`<small>${hint}</small>`}
</label>`;

/** A form that runs `action` with its fields' values; a refusal, or what is `said`, is read out.
 * @param {{action: (values: Record<string, string>, form: HTMLFormElement) => any, label: string,
 *   danger?: boolean, busy?: boolean, said?: any, children?: any}} props */
export function Form({ action, label, danger = false, busy: waits = false, said, children }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    setProblem("");
    try {
      await action(Object.fromEntries(new FormData(form)), form);
    } catch (error) {
      setProblem(problemText(error));
    }
    setBusy(false);
  };
  return html`<form class="form" onSubmit=${submit}>
    ${children}
    <p class="problem" role="alert">${problem || (said && !waits && problemText(said))}</p>
    <button class=${danger ? "danger" : "primary"} disabled=${busy || waits}>${label}</button>
  </form>`;
}

/** A button that has to be pressed twice. */
export function Sure({ label, action }) {
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState("");
  const press = async () => {
    if (!asked) return setAsked(true);
    try {
      await action();
    } catch (error) {
      setProblem(problemText(error));
    }
    setAsked(false);
  };
  return html`<button class="danger" onClick=${press} onBlur=${() => setAsked(false)}>
      ${asked ? t("sure", { what: label }) : label}
    </button>
    <span class="problem" role="alert">${problem}</span>`;
}

/** What a promise brings: `{value, problem, again}`.
 * @param {() => Promise<any>} load @param {any[]} on */
export function useLoaded(load, on = []) {
  const [found, setFound] = useState({ value: null, problem: "" });
  const again = () =>
    load().then(
      (value) => setFound({ value, problem: "" }),
      (error) => setFound({ value: null, problem: problemText(error) }),
    );
  useEffect(() => void again(), on);
  return { ...found, again };
}

/** A refusal in words: ours, where we have some for its code.
 * @param {any} error */
export function problemText({ code, text, message }) {
  const ours = t(`refused.${code}`, { text });
  return ours === `refused.${code}` ? text || message : ours;
}
