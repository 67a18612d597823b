/**
 * The page's state and everything that can be done with it. Views read `app.state`, are told of
 * changes by `subscribe`, and call the actions; those that return a promise reject with {code, text}.
 *
 * @typedef {import("./types").State} State
 */
import * as storage from "./device/storage.js";
import { notify, permit } from "./device/notify.js";
import { adopt, onTold, tab, tell } from "./device/tabs.js";
import { History, within } from "./history.js";
import { Link } from "./irc/link.js";
import { escapeTag, fold, format, plain } from "./irc/message.js";
import { Events, letterOf } from "./model/events.js";
import { Outbox } from "./model/outbox.js";
import { saidIn } from "./model/timeline.js";
import { setLanguage, t, told } from "./text/index.js";

const MOST_NOTICES = 5;
const MOST_PEOPLE = 50;
const MOST_HITS = 50;
const TYPING_EVERY = 3000;
const MARK_EVERY = 1000;
/** Whether it is the page of `securechat open`: whoever runs that is logged in by it. */
let local = false;
const version = /\/v\/([^/]+)\//.exec(import.meta.url)?.[1];

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

/** Tell the views, once a frame at most; a hidden page has no frames. */
function changed() {
  if (waits) return;
  waits = true;
  const now = () => {
    waits = false;
    for (const listener of [...listeners]) listener(state);
  };
  if (document.hidden) setTimeout(now, 200);
  else requestAnimationFrame(now);
}

function set(change) {
  Object.assign(state, change);
  changed();
}

/** What is wrong, in the person's language if we have words for it. */
export function words({ code, text }) {
  const ours = t("refused." + code, { text });
  return ours === "refused." + code ? text || code : ours;
}

let notices = 0;
function notice(text, kind = "info") {
  const known = state.notices.filter((one) => one.text !== text);
  const id = ++notices;
  set({ notices: [...known, { id, kind, text }].slice(-MOST_NOTICES) });
  if (kind === "info") setTimeout(() => app.dismiss(id), 8000);
}

// The device: who we are here, and what was typed

/** {account, password (or token), name: of the token, "" for none, remember}; kept if remembered. */
let login = null;
const draftKey = (key) => `draft ${login?.account} ${key}`;

const saveDraft = (c) => {
  if (!login || room(c.key) !== c) return;
  clearTimeout(c.draftTimer);
  c.draftTimer = 0;
  storage.keepDraft(draftKey(c.key), (c.draft || c.reply) && { text: c.draft, reply: c.reply });
};

const outbox = new Outbox(storage, {
  conversation: (name) => events.make(name),
  words,
  changed,
  stored: (c, echo) => echo?.tags.msgid && c && history.load(c),
});

async function restore() {
  const { account } = login;
  await adopt(async (isGone) => {
    const entries = await storage.kept();
    for (const entry of entries.sort((a, b) => a.at - b.at)) {
      const free = entry.owner === tab || isGone(entry.owner);
      if (entry.account !== account || !free || outbox.entries.has(entry.key)) continue;
      entry.owner = tab;
      await storage.keep(entry);
      outbox.take(entry);
    }
  });
  outbox.flush(link.session);
}

function putDraft(c) {
  const draft = storage.draftOf(draftKey(c.key));
  if (draft && !c.draft) Object.assign(c, { draft: draft.text, reply: draft.reply });
}

// The server

const events = new Events(state, {
  changed,
  made: putDraft,
  notice: (text) => notice(told(text)),
  load: (c) => history.load(c),
  watched: (c) => state.current === c.key && !document.hidden && c.following,
  invited: (who, channel) => notice(t("invited", { who, name: channel })),
  gone: (c) => forget(c),
  renamed(old, c) {
    outbox.renamed(old, c.name);
    storage.keepDraft(draftKey(fold(old)), null);
    saveDraft(c);
  },
  said(c, item) {
    const seen = !document.hidden && document.hasFocus() && state.current === c.key;
    if (!item.mention || seen || !state.settings.notify) return;
    const title = c.kind === "channel" ? `${item.author}, ${c.name}` : item.author;
    notify(title, item.text, c.key, () => app.open(c.key));
  },
});

const history = new History({ session: () => link.session, me: () => state.me.account, changed });

const link = new Link({
  failed(problem) {
    if (local && problem.code === "GONE") problem.code = "LOCAL_GONE";
    if (!login && state.problem) return;
    set({ problem: { ...problem, text: words(problem) }, phase: arrived ? "offline" : state.phase });
  },
  offered({ registration: { kind, least } }) {
    Object.assign(state.server, { registration: kind, minPassword: least });
    changed();
  },
  ready: (nick, session) => arrive(nick, session).catch(() => {}),
  async refused(problem) {
    const { name, password } = login ?? {};
    if (name && problem.code === "PASSWORD") {
      const kept = !local && (await storage.load("login"));
      // Another tab may have changed the password, and have a new token.
      if (kept && kept.password !== password) return begin(kept, "starting");
      await storage.save("login", undefined);
      problem = { code: local ? "LOCAL_ENDED" : "ENDED", text: "" };
    }
    return leave(problem);
  },
  message(message) {
    const { command, params } = message;
    if (command === "NOTE" && params[0] === "TOTP" && params[1] === "RECOVERY") {
      set({ view: { name: "recovery", codes: params.slice(2, -1) } });
    } else if (command === "NOTE" && params[1] === "WAIT") {
      set({ problem: { code: "WAIT", text: params.at(-1) } });
    } else if (/^(FAIL|WARN)$/.test(command)) notice(words({ code: params[1], text: params.at(-1) }), "error");
    else events.take(message);
  },
  /** What is at the port of a `securechat open` that has ended is somebody else, if it is anybody. */
  lost(left) {
    outbox.sent.clear();
    for (const c of state.conversations.values()) {
      Object.assign(c, { fresh: false, known: false, typing: [], revision: c.revision + 1 });
    }
    changed();
    const over = local && left;
    if (over) this.failed({ code: "GONE", text: "" });
    return over;
  },
});

/** Whether this login has been online. */
let arrived = false;

async function arrive(nick, session) {
  const first = !arrived;
  arrived = true;
  for (const c of state.conversations.values()) c.joined = false; // the server says where we are
  state.me.account = login.account = nick;
  state.server.features = session.features;
  login.invite = undefined; // each is good once
  login.code = "";
  set({ phase: "online", problem: null });
  checkVersion();
  await (first ? restore() : outbox.flush(session));
  if (!login.name) await remember();
  const [row] = await session.request("WHO", nick, "%nf");
  state.me.administrator = !!row?.params[2]?.includes("*");
  const last = state.current ?? sessionStorage.getItem("current");
  if (room(last)) app.open(last);
  const targets = await history.targets().catch(() => []);
  for (const [name, time] of targets) {
    const c = events.make(name);
    if (c) c.latest = Math.max(c.latest, time);
  }
  const all = [...state.conversations.values()].sort((a, b) => b.latest - a.latest);
  const gone = all.filter((c) => c.kind === "channel" && !c.joined && c.key !== state.current);
  gone.forEach(forget);
  const people = all.filter((c) => c.kind === "person").slice(0, MOST_PEOPLE);
  await Promise.allSettled(people.map((c) => session.request("MARKREAD", c.name)));
  const here = room(state.current) ?? room(last) ?? all.find((c) => c.joined);
  if (here) app.open(here.key);
  for (const c of all) {
    if (c.latest > c.marker || c.last) await history.load(c);
  }
}

/** Trade the password for a token of this device, which its owner sees and can end elsewhere. */
async function remember() {
  if (!login.remember || local) return;
  const wanted = (login.device || "web").replace(/\s/g, "-").slice(0, 27);
  for (const name of [wanted, `${wanted}-${tab.slice(0, 4)}`]) {
    try {
      const [{ params }] = await link.session.request("TOKEN", "CREATE", name, "BIND");
      Object.assign(login, { name, password: params[3] });
      await storage.save("login", login);
      tell("login");
      return;
    } catch (problem) {
      if (problem.code === "NAME_TAKEN") continue;
      if (link.ready) notice(words(problem), "error");
      return;
    }
  }
}

function begin(credential, phase = "connecting") {
  login = credential;
  arrived = false;
  set({ phase, problem: null });
  link.start(login);
}

/** Back to the login; nothing of who was here stays. */
function leave(problem = null) {
  link.stop();
  login = null;
  outbox.clear();
  state.conversations.clear();
  state.me = { account: "", administrator: false };
  set({ phase: "login", current: null, view: null, problem: problem && { ...problem, text: words(problem) } });
  if (!state.server.minPassword) link.start(null);
}

function forget(c) {
  state.conversations.delete(c.key);
  if (state.current === c.key) state.current = null;
  changed();
}

/** A page that is older than its server may not understand it. */
async function checkVersion() {
  try {
    const answer = await fetch("version.json", { cache: "no-store" });
    const known = await answer.json();
    if (version && known.version !== version) set({ newer: true });
  } catch {
    // It is asked again after the next connection.
  }
}

onTold((what, value) => {
  if (what === "settings") apply(value);
  if (what === "logout" && login?.account === value) leave();
  if (what === "login" && state.phase === "login") app.start();
});

/** A draft of another tab. */
addEventListener("storage", ({ key }) => {
  const c = [...state.conversations.values()].find((one) => draftKey(one.key) === key);
  if (!c || c.key === state.current) return;
  Object.assign(c, { draft: "", reply: null });
  putDraft(c);
  changed();
});

function apply(settings) {
  Object.assign(state.settings, settings);
  setLanguage(state.settings.language);
  changed();
}

addEventListener("pagehide", () => {
  for (const c of state.conversations.values()) if (c.draftTimer) saveDraft(c);
});

setInterval(() => {
  for (const c of state.conversations.values()) if (c.typists.size) events.showTyping(c), changed();
}, 2000);

const request = async (command, ...params) => {
  if (!link.session) throw { code: "OFFLINE", text: "" };
  return link.session.request(command, ...params);
};
const room = (key) => state.conversations.get(key);
const stamp = (at) => "timestamp=" + new Date(at).toISOString();
const nameOf = (key) => room(key)?.name ?? key;
const mode = (key, ...change) => request("MODE", nameOf(key), ...change);

const hitOf = (message) => {
  const { id, at, author, text } = saidIn(message, state.me.account);
  const name = events.place(message);
  return { id, conversation: fold(name), name, at, author, text };
};

export const app = {
  state,
  subscribe(/** @type {(state: State) => void} */ listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },

  async start() {
    apply(await storage.load("settings"));
    const asks = location.protocol === "http:";
    const found = asks && (await fetch("local.json").then((answer) => answer.json()).catch(() => null));
    local = !!found;
    const known = found
      ? { account: found.account, password: found.token, name: "securechat open" }
      : await storage.load("login");
    if (found) state.server.name = found.server;
    if (login) return; // somebody was faster
    if (known) begin(known, "starting");
    else leave();
  },
  reload: () => location.reload(),

  // who we are
  login({ account, password, code = "", remember = true, device = "" }) {
    begin({ account: account.trim(), password, code, remember, device });
  },
  register({ invite = "*", ...rest }) {
    begin({ ...rest, account: rest.account.trim(), invite });
  },
  reconnect: () => link.now(),
  /** Ends this device at the server; what was kept here is gone. */
  async logout() {
    const { account = "", name } = login ?? {};
    const ended = name && !local && request("TOKEN", "REVOKE", name).then(() => true, () => false);
    // The server hangs up on whose token has ended, perhaps before it answers.
    if (ended && !(await Promise.race([ended, new Promise((done) => setTimeout(done, 3000, false))]))) {
      if (!link.ready) notice(t("logout.offline", { name }), "error");
    }
    await storage.save("login", undefined);
    storage.dropDrafts(`draft ${account} `);
    for (const entry of await storage.kept()) if (entry.account === account) storage.drop(entry.key);
    sessionStorage.clear();
    tell("logout", account);
    leave(local ? { code: "LOCAL_ENDED", text: "" } : null);
  },
  /** Show the password once more, as the server wants before it changes what logs in. */
  async prove(password) {
    await request("AUTHENTICATE", "PLAIN");
    try {
      for (const line of plain(state.me.account, password)) await request(...line.split(" "));
    } catch (problem) {
      throw problem.code === "904" ? { code: "PASSWORD" } : problem;
    }
  },

  // what is shown
  open(key) {
    const c = room(key);
    if (!c) return;
    if (state.current !== key) c.unreadFrom = c.unread ? c.marker : 0;
    set({ current: key });
    sessionStorage.setItem("current", key);
    if (!c.hasNewer) history.load(c);
    if (c.kind === "channel" && c.joined && !c.known) {
      request("MODE", c.name).catch(() => {});
      request("WHO", c.name, "%nf").then((rows) => (events.setMembers(c, rows), changed()), () => {});
    }
  },
  show: (view) => set({ view }),
  close: () => set({ view: null }),
  notice,
  dismiss: (id) => set({ notices: state.notices.filter((one) => one.id !== id) }),
  async setSetting(name, value) {
    if (name === "notify" && value) value = await permit();
    apply({ [name]: value });
    storage.save("settings", { ...state.settings });
    tell("settings", { [name]: value });
  },
  setDraft(key, text) {
    const c = room(key);
    if (!c || c.draft === text) return;
    c.draft = text;
    clearTimeout(c.draftTimer);
    c.draftTimer = setTimeout(() => saveDraft(c), 300);
  },
  setReply(key, id) {
    const c = room(key);
    if (!c) return;
    Object.assign(c, { reply: id, revision: c.revision + 1 });
    saveDraft(c);
    changed();
  },
  older: (key) => room(key) && history.older(room(key)),
  newer: (key) => room(key) && history.newer(room(key)),
  latest: (key) => room(key) && history.latest(room(key)),
  async jump(name, { id = null, at = 0 }) {
    const c = events.make(name);
    if (!c) return;
    const known = id && c.ids.get(id);
    c.hasNewer ||= !known;
    app.open(c.key);
    if (known) Object.assign(c, { target: known.key, revision: c.revision + 1 });
    else await history.around(c, id ? "msgid=" + id : stamp(at), id);
    changed();
  },
  /** The message that was jumped to is in sight. */
  arrived(key) {
    const c = room(key);
    if (c) c.target = null;
  },
  markRead(key) {
    const c = room(key);
    const at = c?.items.findLast((item) => item.id)?.at ?? 0;
    if (!c?.fresh || !link.ready) return;
    if (c.unread) Object.assign(c, { unread: 0, mentions: 0, revision: c.revision + 1 }), changed();
    if (at <= c.marker) return;
    c.marker = at;
    c.markTimer ||= setTimeout(() => {
      c.markTimer = 0;
      request("MARKREAD", c.name, stamp(c.marker)).catch(() => {});
    }, MARK_EVERY);
  },
  follow(key, on) {
    const c = room(key);
    if (c) c.following = on;
  },
  /** The message of an id, if it is in the window. */
  find(key, id) {
    const item = room(key)?.ids.get(id);
    return item?.kind === "message" ? item : null;
  },

  // what is said
  say(key, text, { reply = null, action = false } = {}) {
    const c = room(key);
    if (!c || !login) return;
    if (c.hasNewer) history.latest(c);
    const limits = link.session?.limits;
    const problem = outbox.put(tab, state.me.account || login.account, c.name, text, { reply, action }, limits);
    if (problem) return void notice(words(problem), "error");
    Object.assign(c, { draft: "", reply: null, typed: 0 });
    saveDraft(c);
    outbox.flush(link.session);
  },
  retry: (key, item) => outbox.retry(item.key, link.session),
  forget: (key, item) => outbox.forget(item.key),
  react(key, id, emoji) {
    const mine = app.find(key, id)?.reactions.find((one) => one.emoji === emoji)?.names;
    const off = mine?.some((name) => fold(name) === fold(state.me.account));
    const tags = { [off ? "+draft/unreact" : "+draft/react"]: emoji, "+draft/reply": id };
    const asked = link.session?.ask(tags, "TAGMSG", [nameOf(key)]);
    return asked?.catch((problem) => notice(words(problem), "error"));
  },
  redact: (key, id, reason = "") => request("REDACT", nameOf(key), id, ...(reason ? [reason] : [])),
  setTyping(key, on) {
    const c = room(key);
    if (!c || !link.ready || (on ? Date.now() - c.typed < TYPING_EVERY : !c.typed)) return;
    c.typed = on ? Date.now() : 0;
    link.session.write(format("TAGMSG", [c.name], { "+typing": on ? "active" : "done" }));
  },

  // channels and people
  async join(name, password = "") {
    await request("JOIN", name, ...(password ? [password] : []));
    app.open(fold(name));
  },
  create: (name) => app.join(name),
  part: (key) => request("PART", nameOf(key)),
  talk(name) {
    const c = events.make(name);
    if (c) app.open(c.key);
  },
  leave: (key) => room(key) && forget(room(key)),
  setTopic: (key, text) => request("TOPIC", nameOf(key), text),
  kick: (key, name, reason = "") => request("KICK", nameOf(key), name, reason),
  ban: (key, name, on = true) => mode(key, on ? "+b" : "-b", "~a:" + name),
  setRole: (key, name, role, on) => mode(key, (on ? "+" : "-") + letterOf(role), name),
  setMode: mode,
  invite: (key, name) => request("INVITE", name, nameOf(key)),
  rename: (key, name) => request("RENAME", nameOf(key), name),
  setAway: (text) => request("AWAY", ...(text ? [text] : [])),

  // questions
  async search(query, key) {
    const where = key ? `in=${escapeTag(nameOf(key))};` : "";
    const asked = `${where}limit=${MOST_HITS};text=${escapeTag(query)}`;
    return within(await request("SEARCH", asked)).map(hitOf).reverse();
  },
  async mentions() {
    const hits = await app.search(state.me.account);
    return hits.filter(({ author }) => fold(author) !== fold(state.me.account));
  },
  /** What is kept of a room. It comes as a notice, which it isn't where somebody looks for it. */
  async policy(key) {
    const text = told((await request("POLICY", nameOf(key))).at(-1)?.params.at(-1) ?? "");
    set({ notices: state.notices.filter((one) => one.text !== text) });
    return text;
  },
  async channels() {
    const rows = (await request("LIST")).filter(({ command }) => command === "322");
    return rows.map(({ params: [, name, count, topic = ""] }) => ({ name, count: +count || 0, topic }));
  },
  async devices() {
    const rows = async (what) =>
      (await request(what, "LIST")).filter(({ params }) => params[1] === "ENTRY").map(({ params }) => params.slice(2));
    const time = (text) => Date.parse(text) || 0;
    const tokens = (await rows("TOKEN")).map(([name, created, used]) =>
      ({ name, created: time(created), used: time(used), here: name === login?.name }));
    const sessions = (await rows("SESSIONS")).map(([id, by, name, since, heard, address, where]) =>
      ({ id, by, name, since: time(since), heard: time(heard), address, here: where === "here" }));
    return { tokens, sessions };
  },
  endDevice: (name) => request("TOKEN", "REVOKE", name),
  endSession: (id) => request("SESSIONS", "END", id),
  /** A line with a label; resolves to the answer's messages {command, params, tags, source}. */
  async send(command, ...params) {
    const answer = await request(command, ...params);
    if (command === "PASSWD" && login?.name) {
      login.name = ""; // a new password ends all tokens
      await remember();
    }
    return answer;
  },
};
