/** What dialogs are made of. */
import { html, useEffect, useId, useRef, useState } from "../html.js";
import { app, words } from "../app.js";
import { language, t } from "../text/index.js";

/** Focus stays inside, Escape closes it, and focus goes back to where it was. */
export function Dialog({ title, children }) {
  const ref = useRef(null);
  useEffect(() => {
    const before = /** @type {HTMLElement} */ (document.activeElement);
    const dialog = ref.current;
    dialog.showModal();
    return () => {
      const now = document.activeElement;
      if (now === document.body || dialog.contains(now)) before.focus();
    };
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    app.close();
  };
  const press = (event) => event.target === ref.current && app.close();
  return html`<dialog ref=${ref} aria-label=${title} onCancel=${cancel} onMouseDown=${press}>
    <header>
      <h2><bdi>${title}</bdi></h2>
      <button class="icon" aria-label=${t("close")} onClick=${() => app.close()}>×</button>
    </header>
    ${children}
  </dialog>`;
}

const Problem = ({ text }) => html`<p class="problem" role="alert">${text}</p>`;

/** Runs an action: [run, what was refused, whether it runs]. No button is disabled, as it would lose the focus. */
function useAction(action) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const run = async (...given) => {
    if (busy) return;
    setBusy(true);
    setProblem("");
    try {
      await action(...given);
    } catch (error) {
      setProblem(words(error));
    }
    setBusy(false);
  };
  return /** @type {const} */ ([run, problem, busy]);
}

/** An action by a button; one that is hard to take back has to be pressed twice. */
export function Act({ label, action, sure = false, ...props }) {
  const [run, problem, busy] = useAction(action);
  const [asked, setAsked] = useState(false);
  const press = () => {
    setAsked(sure && !asked);
    if (!sure || asked) run();
  };
  return html`<button class=${sure && "danger"} aria-disabled=${busy} onClick=${press}
      onBlur=${() => setAsked(false)} ...${props}>${asked ? t("sure", { what: label }) : label}</button>
    <${Problem} text=${problem} />`;
}

/** Something that is on or off. */
export function Check({ label, action = () => {}, checked, ...props }) {
  const [run, problem] = useAction(action);
  // As it was pressed, until the state has caught up.
  const [wanted, setWanted] = useState(null);
  const change = async ({ currentTarget: { checked: on } }) => {
    setWanted(on);
    await run(on);
    setTimeout(setWanted, 300, null);
  };
  return html`<label class="check">
      <input type="checkbox" checked=${wanted ?? checked} onChange=${change} ...${props} /> ${label}
    </label>
    <${Problem} text=${problem} />`;
}

/** One input with its name and what it takes; `value` is what it begins with. */
export function Field({ label, hint = "", value, ...props }) {
  const id = useId();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} aria-describedby=${id + "hint"} autocomplete="off" defaultValue=${value} ...${props} />
    <small id=${id + "hint"}>${hint}</small>
  </div>`;
}

/** Runs `action` with the fields' values; a refusal, or what is `said`, is read out. */
export function Form({ action, label, children, waits = false, said, ...props }) {
  const [run, problem, busy] = useAction(action);
  const submit = (event) => {
    event.preventDefault();
    if (!waits) run(Object.fromEntries(new FormData(event.currentTarget)), event.currentTarget);
  };
  return html`<form class="form" onSubmit=${submit}>
    ${children}
    <${Problem} text=${problem || said?.text} />
    <button class="primary" aria-disabled=${busy || waits} ...${props}>${label}</button>
  </form>`;
}

/** A form of one field. quiet: what comes of it is seen anyway. */
export function Ask({ label, field, action, clear = false, quiet = false, ...props }) {
  const [done, setDone] = useState(false);
  const run = async ({ value }, form) => {
    await action(value);
    if (clear) form.reset();
    setDone(!quiet);
  };
  return html`<div class="ask" onInput=${() => setDone(false)}>
    <${Form} label=${label} action=${run}><${Field} label=${field} name="value" ...${props} /><//>
    <p role="status">${done && t("done")}</p></div>`;
}

/** What a promise brings: `{value, shown, again}`; shown: while there is none, or why. */
export function useLoaded(load) {
  const [found, setFound] = useState(null);
  const again = () =>
    load().then(
      (value) => setFound({ value }),
      (error) => setFound({ problem: words(error) }),
    );
  useEffect(() => void again(), []);
  const { value, problem } = found ?? {};
  const shown = problem ? html`<${Problem} text=${problem} />` : !value && html`<p role="status">…</p>`;
  return { value, shown, again };
}

/** In the place of a dialog about what is gone meanwhile. */
export function Gone() {
  useEffect(() => void app.close(), []);
  return null;
}

export const closing = (act) => () => {
  app.close();
  return act();
};

/** Time and date for people, as short as they may be. */
export const when = (at, options = {}) =>
  new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short", ...options }).format(at);
