/**
 * All that views read, and how they hear of changes.
 *
 * @typedef {import("./types").State} State
 */
import { noted } from "./device/storage.js";
import { t } from "./text/index.js";

const MOST_NOTICES = 5;

export const state = /** @type {State} */ ({
  phase: "starting",
  problem: null,
  me: { account: "", administrator: false },
  server: { name: "", network: "", port: 6697, registration: "", minPassword: 0,
    features: new Set(), topicLength: 0 },
  conversations: new Map(),
  names: new Map(),
  named: 0,
  current: null,
  settings: { theme: "auto", language: "", notify: false, preview: false, events: true,
    remember: false, ...noted("settings") },
  notices: [],
  view: null,
  invite: "",
  newer: false,
});

export const listeners = new Set();
let waits = false;

function tellViews() {
  if (!waits) return;
  waits = false;
  for (const listener of [...listeners]) listener(state);
}

/** Tell the views, once a frame at most; a hidden page has no frames, and slow timers. */
export function changed() {
  if (waits) return;
  waits = true;
  if (document.hidden) setTimeout(tellViews, 200);
  else requestAnimationFrame(tellViews);
}
document.addEventListener("visibilitychange", tellViews);

export function set(change) {
  Object.assign(state, change);
  changed();
}

export const dismiss = (id) => set({ notices: state.notices.filter((one) => one.id !== id) });

/** What is wrong, in the person's language if we have words for it. */
export function words({ code, text }) {
  const ours = t("refused." + code, { text });
  return ours === "refused." + code ? text || code : ours;
}

let notices = 0;
/** room: to enter from it, '' for none. */
export function notice(text, kind = "info", room = "") {
  const known = state.notices.filter((one) => one.text !== text);
  set({ notices: [...known, { id: ++notices, kind, text, room }].slice(-MOST_NOTICES) });
}

/** Tell what is wrong. */
export const complain = (problem) => notice(words(problem), "error");
