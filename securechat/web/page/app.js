/**
 * Everything that can be done with the page. Views read `app.state`, are told of changes by
 * `subscribe`, and call the actions; those that return a promise reject with {code, text}.
 */
import {
  apply, begin, events, forget, history, leave, link, local, login, makeToken, open, outbox, remember, request, room,
  saveDraft, start, wipe,
} from "./core.js";
import * as storage from "./device/storage.js";
import { permit } from "./device/notify.js";
import { tab, tell } from "./device/tabs.js";
import { within } from "./history.js";
import { escapeTag, fold, format, saslPlain } from "./irc/message.js";
import { isIncomplete } from "./irc/session.js";
import { letterOf } from "./model/events.js";
import { saidIn } from "./model/timeline.js";
import { changed, complain, dismiss, listeners, notice, set, state, words } from "./state.js";
import { t, told } from "./text/index.js";

export { words };

const MOST_HITS = 50;
const MOST_PEOPLE = 10;
const TYPING_EVERY = 3000;
const MARK_EVERY = 1000;

const stamp = (at) => "timestamp=" + new Date(at).toISOString();
const nameOf = (key) => room(key)?.name ?? key;
const mode = (key, ...change) => request("MODE", nameOf(key), ...change);

const hitIn = (name, item) => ({ ...item, conversation: fold(name), name });

export const app = {
  state,
  subscribe(/** @type {(state: State) => void} */ listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  start,
  reload: () => location.reload(),

  // who we are
  login({ account, password, code = "", remember = false, device = "" }) {
    app.setSetting("remember", remember);
    begin({ account: account.trim(), password, code, remember, device });
  },
  register({ invite = "*", ...rest }) {
    app.setSetting("remember", rest.remember);
    begin({ ...rest, account: rest.account.trim(), invite });
  },
  reconnect: () => link.now(),
  /** As a login that asked for it. */
  remember(device) {
    Object.assign(login ?? {}, { remember: true, device });
    return makeToken();
  },
  /** Ends this device at the server; what was kept here is gone. */
  async logout() {
    const account = login?.account ?? "";
    const name = login?.name;
    const ended = name && !local && request("TOKEN", "REVOKE", name).then(() => true, () => false);
    // The server hangs up on whose token has ended, perhaps before it answers.
    const late = new Promise((done) => setTimeout(done, 3000, false));
    const untold = ended && !(await Promise.race([ended, late])) && !link.ready;
    await storage.save("login", undefined);
    // Others may use this browser.
    for (const name of ["remember", "notify", "preview"]) app.setSetting(name, false);
    tell("logout", account);
    // First, as else what waits to be written is written afterwards.
    leave(local ? { code: "LOCAL_ENDED", text: "" } : null);
    if (untold) notice(t("logout.offline", { name }), "error");
    await wipe(account);
  },
  /** Show the password once more, as the server wants before it changes what logs in. */
  async prove(password) {
    await request("AUTHENTICATE", "PLAIN");
    try {
      for (const line of saslPlain(state.me.account, password)) await request(...line.split(" "));
    } catch (problem) {
      throw problem.code === "904" ? { code: "PASSWORD" } : problem;
    }
  },

  // what is shown
  open,
  show: (view) => set({ view }),
  close: () => set({ view: null }),
  complain,
  dismiss,
  async setSetting(name, value) {
    if (name === "notify" && value) value = await permit();
    const change = { [name]: value };
    try {
      await apply(change);
    } catch {
      return notice(t("refused.GONE"), "error");
    }
    storage.note("settings", state.settings);
    tell("settings", change);
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
  async jump(name, { id = "", at = 0 }) {
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
  member: (key, name = state.me.account) => room(key)?.members.get(fold(name)),
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
    if (problem) return complain(problem);
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
    return asked?.catch(complain);
  },
  redact: (key, id, reason = "") => request("REDACT", nameOf(key), id, ...(reason ? [reason] : [])),
  setTyping(key, on) {
    const c = room(key);
    const now = performance.now();
    if (!c || !link.ready || (on ? now - c.typed < TYPING_EVERY : !c.typed)) return;
    c.typed = on ? now : 0;
    link.session.write(format("TAGMSG", [c.name], { "+typing": on ? "active" : "done" }));
  },

  // channels and people
  async join(name, password = "") {
    await request("JOIN", name, ...(password ? [password] : []));
    app.open(fold(name));
  },
  part: (key) => request("PART", nameOf(key)),
  talk(name) {
    const c = events.make(name);
    if (!c) throw { code: "401" };
    app.open(c.key);
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
  /** wanted: as SEARCH has it; with `after` the oldest come first. until: "", or where to go on. */
  async search(wanted) {
    const given = Object.entries(wanted).filter(([, value]) => value);
    const asked = [...given, ["limit", `${MOST_HITS}`]].map(([what, value]) => `${what}=${escapeTag(value)}`);
    const answer = await request("SEARCH", asked.join(";"));
    const hits = within(answer).map((message) => hitIn(events.place(message), saidIn(message, state.me.account)));
    const until = answer.find(isIncomplete)?.params[2] ?? "";
    return { hits: wanted.after ? hits : hits.reverse(), until: new Date(until).getTime() ? until : "" };
  },
  /** What names us, and what the last people said to us alone; before a time, what names us. */
  async mentions(before = "") {
    const people = [...state.conversations.values()].filter(({ kind }) => kind === "person");
    const last = people.sort((a, b) => b.latest - a.latest).slice(0, before ? 0 : MOST_PEOPLE);
    const asked = { text: state.me.account, before };
    const [named] = await Promise.all([app.search(asked), ...last.map((c) => history.load(c))]);
    const alone = last.flatMap((c) => c.items.map((item) => hitIn(c.name, item)));
    const all = new Map([...named.hits, ...alone].filter(({ mention }) => mention).map((hit) => [hit.id, hit]));
    const hits = [...all.values()].sort((a, b) => b.at - a.at);
    return { hits: hits.slice(0, MOST_HITS), until: named.until };
  },
  /** What is kept of a room. It comes as a notice, which it isn't where somebody looks for it. */
  async policy(key) {
    const text = await told((await request("POLICY", nameOf(key))).at(-1)?.params.at(-1) ?? "");
    set({ notices: state.notices.filter((one) => one.text !== text) });
    return text;
  },
  /** What somebody tells of themselves: [key, text] pairs, at most 20. */
  async about(name) {
    const [keys, rows] = await Promise.all([
      request("METADATA", name, "LIST").catch(() => []),
      request("WHO", name, "%nr").catch(() => []),
    ]);
    const pairs = keys.map(({ command, params: [, , key, , text] }) => command === "761" && [key, text]);
    const real = rows.map(({ command, params: [, , text] }) => command === "354" && fold(text) !== fold(name) && ["name", text]);
    return [...real.slice(0, 1), ...pairs].filter(Boolean).slice(0, 20);
  },
  /** What one wants to be called; "" for nothing else than one's name. */
  call: (text) => request("METADATA", "*", "SET", "display-name", ...(text ? [text] : [])),
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
    return { tokens, sessions, forgotten: !local && !login?.name };
  },
  endDevice: (name) => request("TOKEN", "REVOKE", name),
  endSession: (id) => request("SESSIONS", "END", id),
  /** A line with a label; resolves to the answer's messages {command, params, tags, source}. */
  async send(command, ...params) {
    const answer = await request(command, ...params);
    if (command === "PASSWD" && login && !(local && login.name)) {
      Object.assign(login, { password: params[0], name: "" }); // a new password ends all tokens
      await remember();
    }
    return answer;
  },
};
