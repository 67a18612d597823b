import { html, useEffect, useState } from "../html.js";

/** The state again, whenever it has changed. */
export function useApp(app) {
  const [, redraw] = useState(0);
  useEffect(() => app.subscribe(() => redraw((n) => n + 1)), [app]);
  return app.state;
}

export function App({ app }) {
  const state = useApp(app);
  const current = state.conversations.get(state.current);
  return html`<main>
    <h1>securechat: ${state.phase} ${state.problem?.text}</h1>
    <form onSubmit=${(event) => {
      event.preventDefault();
      const form = new FormData(event.target);
      app.login({ account: form.get("account"), password: form.get("password"), remember: true });
    }}><input name="account" /><input name="password" type="password" /><button>Log in</button></form>
    <ul>${[...state.conversations.values()].map((one) => html`<li key=${one.key}>
      <button onClick=${() => app.open(one.key)}>${one.name} ${one.unread}</button></li>`)}</ul>
    ${current && html`<ol role="log">${current.items.map((item) => html`<li key=${item.key}>
      ${item.author ?? item.who} ${item.what} ${item.text} ${item.delivery}</li>`)}</ol>
      <form onSubmit=${(event) => {
        event.preventDefault();
        app.say(current.key, new FormData(event.target).get("text"));
        event.target.reset();
      }}><input name="text" /></form>`}
  </main>`;
}
