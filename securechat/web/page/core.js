/** What all actions of app.js share: who we are, and what becomes of the connection. */
import * as storage from "./device/storage.js";
import { takeInvite } from "./device/address.js";
import { hush, notify } from "./device/notify.js";
import { adopt, onTold, tab, tell } from "./device/tabs.js";
import { History } from "./history.js";
import { Link } from "./irc/link.js";
import { fold } from "./irc/message.js";
import { isIncomplete } from "./irc/session.js";
import { askVersion } from "./irc/socket.js";
import { Events } from "./model/events.js";
import { Outbox } from "./model/outbox.js";
import { changed, complain, notice, set, state, words } from "./state.js";
import { plain, setLanguage, t, told } from "./text/index.js";

const MOST_PEOPLE = 50;
/** Whether it is the page of `securechat open`: whoever runs that is logged in by it. */
export let local = false;
/** Whether that has made the account, and no page has told yet what is kept. */
let untold = false;
const version = /\/v\/([^/]+)\//.exec(import.meta.url)?.[1];

// The device: who we are here, and what was typed

/** @type {import("./types").Login | null} */
export let login = null;
const draftKey = (key) => `draft ${login?.account} ${key}`;

export const saveDraft = (c) => {
  // Nobody comes back to a page whose `securechat open` has ended: nothing is to lie about there.
  if (!login || !link.credential || room(c.key) !== c) return;
  clearTimeout(c.draftTimer);
  c.draftTimer = 0;
  storage.note(draftKey(c.key), (c.draft || c.reply) && { text: c.draft, reply: c.reply });
};

export const outbox = new Outbox(storage, {
  conversation: (name) => events.make(name),
  find: (name) => events.find(name),
  words,
  changed,
  unkept: () => void (link.ready || notice(t("unkept"), "error")),
  stored: (c, echo) => echo?.tags.msgid && c && history.load(c),
});

/** Take over what was typed in tabs that are gone. */
async function restore() {
  const account = login?.account;
  await adopt(async (isGone) => {
    const entries = await storage.kept();
    for (const entry of entries.sort((a, b) => a.at - b.at)) {
      const free = entry.owner === tab || isGone(entry.owner);
      if (login?.account !== account || entry.account !== account || !free) continue;
      if (outbox.entries.has(entry.key) || outbox.done.has(entry.key)) continue;
      Object.assign(entry, { owner: tab, again: true });
      storage.keep(entry);
      outbox.take(entry);
    }
  });
  outbox.flush(link.session);
}

const roomsKey = (account) => "rooms " + account;
/** Their names, of somebody who is remembered: no word that was said in them. */
function keepRooms() {
  const { account, name } = link.credential ?? {};
  const names = [...state.conversations.values()].map((c) => c.name);
  if (name && names.length) storage.note(roomsKey(account), names);
}

/** Who was here has the rooms and what isn't sent at once, whatever becomes of the connection. */
async function recall() {
  const account = login?.account ?? "";
  state.me.account = account;
  for (const name of storage.noted(roomsKey(account)) ?? []) events.make(name);
  if (!state.current) open(storage.placed("current"));
  await restore();
}

function putDraft(c) {
  const draft = storage.noted(draftKey(c.key));
  if (draft && !c.draft) Object.assign(c, { draft: draft.text, reply: draft.reply });
}

// The server

export const events = new Events(state, {
  changed,
  made: (c) => (putDraft(c), outbox.showAll(c)),
  async notice(text) {
    const mine = login;
    const said = await told(text);
    if (mine === login) notice(said);
  },
  load: (c) => history.load(c),
  watched: (c) => state.current === c.key && !document.hidden && c.following,
  later: (target) => request("METADATA", target, "SYNC").catch(() => {}),
  invited: (who, channel) => notice(t("invited", { who, name: channel }), "info", channel),
  gone: (c) => forget(c),
  renamed(old, c) {
    outbox.renamed(old, c.name);
    storage.note(draftKey(fold(old)), null);
    saveDraft(c);
  },
  said(c, item) {
    const seen = !document.hidden && document.hasFocus() && state.current === c.key;
    if (!item.mention || seen || !state.settings.notify) return;
    const title = c.kind === "channel" ? `${item.author}, ${c.name}` : item.author;
    // A locked screen shows it to whoever is there.
    notify(title, state.settings.preview ? plain(item.text) : "", c.key, () => open(c.key));
  },
});

/** A page that is older than its server may not understand it. */
async function checkVersion() {
  const { version: served, port } = await askVersion();
  if (port) state.server.port = port;
  set({ newer: !!version && served !== version });
}

export const history = new History({ session: () => link.session, me: () => state.me.account, changed });

export const link = new Link({
  failed(problem) {
    if (local && problem.code === "GONE") {
      // What answers at its port from now on is somebody else, if it is anybody.
      problem.code = "LOCAL_GONE";
      link.stop();
      if (login) wipe(login.account);
    }
    if (!login && state.problem) return;
    set({ problem: { ...problem, text: words(problem) }, phase: state.conversations.size ? "offline" : state.phase });
  },
  offered({ registration: { kind, least } }) {
    Object.assign(state.server, { registration: kind, minPassword: least });
    changed();
    checkVersion().catch(() => {});
  },
  ready: (nick, session) => arrive(nick, session).catch(() => {}),
  async refused(problem) {
    const password = login?.password;
    const wrong = problem.code === "PASSWORD";
    if (login?.name && (wrong || /^(DISABLED|DELETED)$/.test(problem.code))) {
      const kept = wrong && !local && (await storage.load("login"));
      // Another tab may have changed the password, and have a new token.
      if (kept && kept.password !== password) return begin(kept, "starting");
      storage.note(roomsKey(login?.account), null);
      await storage.save("login", undefined);
      if (wrong) problem = { code: local ? "LOCAL_ENDED" : "ENDED", text: "" };
    }
    return leave(problem);
  },
  message(message) {
    const { command, params } = message;
    if (command === "NOTE" && params[0] === "TOTP" && params[1] === "RECOVERY") {
      set({ view: { name: "recovery", codes: params.slice(2, -1) } });
    } else if (command === "NOTE" && /^(WAIT|QUEUED)$/.test(params[1])) {
      set({ problem: { code: "WAIT", text: words({ code: params[1], text: params.at(-1) }) } });
    } else if (isIncomplete(message)) return; // it is told where the rest was found
    else if (/^(FAIL|WARN)$/.test(command)) complain({ code: params[1], text: params.at(-1) });
    else events.take(message);
  },
  lost(left) {
    outbox.sent.clear();
    for (const c of state.conversations.values()) {
      Object.assign(c, { fresh: false, known: false, typing: [], revision: c.revision + 1 });
    }
    changed();
    if (local && left) this.failed({ code: "GONE", text: "" });
  },
});

async function arrive(nick, session) {
  if (!login) return;
  for (const c of state.conversations.values()) c.joined = false; // the server says where we are
  state.me.account = login.account = nick;
  state.server.features = session.features;
  if (login.invite) login.invite = state.invite = ""; // each is good once
  storage.place("invite", null);
  login.code = "";
  set({ phase: "online", problem: null });
  await restore();
  if (!login?.name) await remember();
  const [row] = await session.request("WHO", nick, "%nf");
  state.me.administrator = !!row?.params[2]?.includes("*");
  const last = state.current ?? storage.placed("current");
  if (room(last)) open(last);
  if (session.features.has("draft/metadata-3")) request("METADATA", "*", "SUB", "display-name").catch(() => {});
  const targets = await history.targets().catch(() => []);
  if (!session.ready) return;
  for (const [name, time] of targets) {
    const c = events.make(name);
    if (c) c.latest = Math.max(c.latest, time);
  }
  const all = [...state.conversations.values()].sort((a, b) => b.latest - a.latest);
  const gone = all.filter((c) => c.kind === "channel" && !c.joined && !c.unsent && c.key !== state.current);
  gone.forEach(forget);
  const people = all.filter((c) => c.kind === "person").slice(0, MOST_PEOPLE);
  await Promise.allSettled(people.map((c) => session.request("MARKREAD", c.name)));
  const here = room(state.current) ?? room(last) ?? all.find((c) => c.joined);
  if (here) open(here.key);
  if (here && untold) {
    untold = false;
    storage.place("told", true);
    request("POLICY", here.name).catch(() => {});
  }
  for (const c of all) {
    // The others are looked at again when somebody opens them.
    if (c.latest > (c.items.findLast(({ id }) => id)?.at ?? c.marker)) await history.load(c);
  }
}

/** Trade the password for a token of this device, which its owner sees and can end elsewhere. */
export async function remember() {
  if (!login?.remember || local) return;
  await makeToken().catch((problem) => {
    const text = problem.code === "SECOND_FACTOR_REQUIRED" ? t("told.factor") : words(problem);
    if (link.ready) notice(text, "error");
  });
}

/** The same; rejects with {code, text}. */
export async function makeToken() {
  const mine = login;
  if (!mine) return;
  const wanted = (mine.device || "web").replace(/\s/g, "-").slice(0, 27);
  for (const name of [wanted, `${wanted}-${tab.slice(0, 4)}`]) {
    try {
      const [{ params }] = await request("TOKEN", "CREATE", name, "BIND");
      if (mine !== login) return;
      Object.assign(mine, { name, password: params[3] });
      await storage.save("login", mine);
      tell("login");
      return;
    } catch (problem) {
      if (problem.code !== "NAME_TAKEN" || name !== wanted) throw problem;
    }
  }
}

export function begin(credential, phase = "connecting") {
  login = credential;
  set({ phase, problem: null });
  link.start(login);
}

/** Back to the login; nothing of who was here stays. */
export function leave(/** @type {import("./types").Problem | null} */ problem = null) {
  link.stop();
  hush();
  login = null;
  outbox.clear();
  state.conversations.clear();
  state.names.clear();
  state.me = { account: "", administrator: false };
  set({ phase: "login", current: null, view: null, notices: [], problem: problem && { ...problem, text: words(problem) } });
  if (!state.server.minPassword) link.start(null);
}

/** Take what an account has typed out of this browser. */
export async function wipe(account) {
  storage.dropNotes(roomsKey(account), `draft ${account} `);
  for (const entry of await storage.kept()) if (entry.account === account) storage.drop(entry.key);
}

export function forget(c) {
  state.conversations.delete(c.key);
  if (state.current === c.key) state.current = null;
  changed();
}

onTold((what, value) => {
  if (what === "settings") apply(value).catch(() => {});
  if (what === "logout" && login?.account === value) leave(), wipe(value);
  if (what === "login" && state.phase === "login") start();
});

/** A draft of another tab. */
addEventListener("storage", ({ key }) => {
  const c = [...state.conversations.values()].find((one) => draftKey(one.key) === key);
  if (!c || c.key === state.current) return;
  Object.assign(c, { draft: "", reply: null });
  putDraft(c);
  changed();
});

/** Rejects if a language can't be loaded. */
export async function apply(settings) {
  if ("language" in settings) await setLanguage(settings.language);
  Object.assign(state.settings, settings);
  changed();
}

addEventListener("pagehide", () => {
  keepRooms();
  for (const c of state.conversations.values()) if (c.draftTimer) saveDraft(c);
});

setInterval(() => {
  for (const c of state.conversations.values()) if (c.typists.size) events.showTyping(c), changed();
}, 2000);

/** A command's answer; rejects with {code, text}. */
export const request = async (command, ...params) => {
  if (!link.session) throw { code: "OFFLINE", text: "" };
  return link.session.request(command, ...params);
};
export const room = (key) => state.conversations.get(key);

/** Show a conversation. */
export function open(key) {
  const c = room(key);
  if (!c) return;
  if (state.current !== key) c.unreadFrom = c.unread ? c.marker : 0;
  set({ current: key });
  storage.place("current", key);
  if (!c.hasNewer) history.load(c);
  if (c.kind === "channel" && c.joined && !c.known) {
    request("MODE", c.name).catch(() => {});
    request("WHO", c.name, "%nf").then((rows) => (events.setMembers(c, rows), changed()), () => {});
  }
}

/** An invite is for who is about to log in; else it waits for a logout, and the person is told. */
function invited(code = takeInvite()) {
  if (!code) return;
  set({ invite: code });
  if (login) notice(t("invite.here", { name: login.account }));
  else storage.place("invite", code);
}
let given = takeInvite();
addEventListener("hashchange", () => invited());

/** Log in as who was here before, if anybody was remembered. */
export async function start() {
  const asks = location.protocol === "http:";
  const found = asks && (await fetch("local.json").then((answer) => answer.json()).catch(() => null));
  local = !!found;
  const known = found
    ? { account: found.account, password: found.token, name: "securechat open" }
    : await storage.load("login");
  if (found) state.server.name = found.server;
  untold = found?.made && !storage.placed("told");
  if (login) return; // somebody was faster
  if (known) begin(known, "starting");
  else leave();
  invited(given || storage.placed("invite"));
  given = "";
  if (known) await recall();
}
