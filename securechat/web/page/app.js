/**
 * The page's state and everything that can be done with it. Views read `app.state`, are told of
 * changes by `subscribe`, and call the actions; these never throw, those that answer reject with
 * {code, text}.
 *
 * @typedef {import("./types").State} State
 */

const state = /** @type {State} */ ({
  phase: "starting",
  problem: null,
  me: { account: "", administrator: false },
  server: { name: "", network: "", registration: "", minPassword: 0, features: new Set(),
    topicLength: 0 },
  conversations: new Map(),
  current: null,
  settings: { theme: "auto", language: "", notify: false, events: true },
  notices: [],
  view: null,
  newer: false,
});

const listeners = new Set();
let waits = false;

/** Tell the views, once a frame at most. */
function changed() {
  if (waits) return;
  waits = true;
  requestAnimationFrame(() => {
    waits = false;
    for (const tell of [...listeners]) tell(state);
  });
}

const later = async () => {
  throw { code: "LATER", text: "not made yet" };
};

export const app = {
  state,
  subscribe(/** @type {(state: State) => void} */ tell) {
    listeners.add(tell);
    return () => listeners.delete(tell);
  },
  start() { state.phase = "login"; changed(); },
  reload() { location.reload(); },

  // who we are
  login({ account, password, code = "", remember = true }) {},
  register({ account, password, invite = "*", remember = true }) {},
  logout() {},
  cancel() {}, // give up connecting; back to the login
  reconnect() {}, // now, without waiting

  // what is shown
  open(key) { state.current = key; changed(); },
  close() { state.view = null; changed(); },
  show(view) { state.view = view; changed(); },
  notice(text, kind = "info") {},
  dismiss(id) {},
  setSetting(name, value) { state.settings[name] = value; changed(); },
  setDraft(key, text) {},
  setReply(key, id) {},
  older(key) {}, newer(key) {}, latest(key) {},
  jump(key, { id, at }) {}, // to a message, or a time in ms
  markRead(key) {},
  follow(key, on) {}, // whether the end of the timeline is in sight
  /** The message of an id in any conversation, or null. */
  find(key, id) { return null; },

  // what is said
  say(key, text, { reply = null, action = false } = {}) {},
  retry(key, item) {}, forget(key, item) {},
  react(key, id, emoji) {}, redact(key, id, reason = "") {},
  setTyping(key, on) {},

  // channels and people
  join(name, password = "") { return later(); }, part(key) { return later(); },
  create(name) { return later(); },
  /** A conversation with a person, opened. */
  talk(name) {},
  leave(key) {}, // takes a person's conversation from the list
  setTopic(key, text) { return later(); }, kick(key, name, reason = "") { return later(); },
  ban(key, name, on = true) { return later(); },
  setRole(key, name, role, on) { return later(); }, // role: "~", "@" or "+"
  setMode(key, change, ...params) { return later(); }, // as "+i"
  invite(key, name) { return later(); }, rename(key, name) { return later(); },
  setAway(text) { return later(); }, // "" for back
  whois(name) { return later(); },

  // questions
  search(query, key) { return later(); }, mentions() { return later(); },
  channels() { return later(); },
  devices() { return later(); }, endDevice(name) { return later(); },
  endSession(id) { return later(); },
  /** A line with a label; resolves to the answer's messages {command, params, tags, source}. */
  send(command, ...params) { return later(); },
};
