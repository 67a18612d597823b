/**
 * A conversation and its window of items: bounded, in the server's order, each message once.
 *
 * `first` and `last` are the msgids of the window's borders, from which pages go on. `fresh` tells
 * that it ends with what was said last; while a page is on its way, `held` keeps what comes live.
 */
import { fold, literal, nickOf } from "../irc/message.js";

/** @typedef {import("../types").Conversation} Conversation */

export const PAGE = 100;
const LIMIT = 2000;
export const MOST_HELD = 500;
const MOST_MARKED = 3000;
const MOST_MARKS = 300;
const MOST_TEXT = 32_768;
const MOST_EVENT = 1000;

let serial = 0;

/** @returns {Conversation} */
export function makeConversation(/** @type {string} */ name) {
  return {
    key: fold(name), name, kind: name[0] === "#" ? "channel" : "person",
    topic: "", modes: "", joined: false, members: new Map(),
    unread: 0, mentions: 0, marker: 0, unreadFrom: 0, latest: 0,
    items: [], following: true, hasOlder: true, hasNewer: false, loading: false, problem: null,
    draft: "", reply: null, target: null, typing: [], revision: 0,
    // What views don't need:
    ids: new Map(), marks: new Map(), first: "", last: "", fresh: false, held: null,
    unsent: 0, own: new Map(), known: false, typists: new Map(), draftTimer: 0, markTimer: 0, typed: 0,
  };
}

export const timeOf = ({ tags }) => Date.parse(tags.time) || Date.now();
export const tagOf = ({ tags }, name) => tags["+draft/" + name] ?? tags["+" + name];

/** Whether a text names somebody, as a word. */
export function names(text, name) {
  return !!name && new RegExp(`(?<![\\p{L}\\p{N}_-])${literal(name)}(?![\\p{L}\\p{N}_-])`, "iu").test(text);
}

/** What a PRIVMSG or NOTICE is in a timeline.
 * @returns {import("../types").Said} */
export function saidIn(message, me) {
  const author = nickOf(message);
  let text = (message.params[1] ?? "").slice(0, MOST_TEXT);
  const action = text.startsWith("\x01ACTION ");
  if (action) text = text.slice(8).replace(/\x01$/, "");
  const mine = fold(author) === fold(me);
  const alone = message.params[0]?.[0] !== "#";
  return {
    kind: "message", key: `i${++serial}`, id: message.tags.msgid ?? null, at: timeOf(message),
    author, text, action, notice: message.command === "NOTICE", reply: tagOf(message, "reply") ?? null,
    reactions: [], redacted: null, reason: "", mine,
    // What has an id is on the server's disk, whoever of our devices has said it.
    delivery: mine && message.tags.msgid ? "stored" : null,
    mention: !mine && (alone || names(text, me)), bot: "bot" in message.tags,
  };
}

const EVENTS = {
  JOIN: () => ["join", "", ""],
  PART: ([, reason]) => ["part", "", reason],
  KICK: ([, who, reason]) => ["kick", who, reason],
  MODE: ([, ...change]) => ["mode", "", change.join(" ")],
  TOPIC: ([, topic]) => ["topic", "", topic],
  RENAME: ([, name]) => ["rename", "", name],
};

/** @returns {import("../types").Item | null} */
function itemOf(message, me) {
  if (/^(PRIVMSG|NOTICE)$/.test(message.command)) return saidIn(message, me);
  const tell = Object.hasOwn(EVENTS, message.command) && EVENTS[message.command];
  if (!tell) return null;
  const [what, target = "", text = ""] = tell(message.params);
  const id = message.tags.msgid ?? null;
  const about = { what, who: nickOf(message), target, text: text.slice(0, MOST_EVENT) };
  return { kind: "event", key: `i${++serial}`, id, at: timeOf(message), ...about };
}

// Changes of items

function replace(c, item, change) {
  const at = c.items.lastIndexOf(item);
  if (at < 0) return Object.assign(item, change); // of a page that is only being put in
  const next = { ...item, ...change };
  c.items[at] = next;
  if (next.id) c.ids.set(next.id, next);
  c.revision++;
  return next;
}

const reactionsOf = (c, id) => {
  const found = new Map();
  for (const { name, emoji, on } of c.marks.get(id)?.values() ?? []) {
    if (on) found.set(emoji, [...(found.get(emoji) ?? []), name]);
  }
  return [...found].map(([emoji, list]) => ({ emoji, names: list }));
};

/** Reactions are kept apart, as a page may have them before it has their message. */
function react(c, message) {
  const id = tagOf(message, "reply");
  const given = tagOf(message, "react");
  const emoji = (given ?? tagOf(message, "unreact") ?? "").slice(0, 64);
  if (!id || !emoji) return;
  if (!c.marks.has(id)) {
    if (c.marks.size >= MOST_MARKED) c.marks.delete(c.marks.keys().next().value);
    c.marks.set(id, new Map());
  }
  const marks = c.marks.get(id);
  const name = nickOf(message);
  const key = `${fold(name)} ${emoji}`;
  const at = timeOf(message);
  if ((marks.get(key)?.at ?? 0) > at || (marks.size >= MOST_MARKS && !marks.has(key))) return;
  marks.set(key, { name, emoji, at, on: given !== undefined });
  const item = c.ids.get(id);
  if (item) replace(c, item, { reactions: reactionsOf(c, id) });
}

function redact(c, message) {
  const item = c.ids.get(message.params[1]);
  const redacted = { by: nickOf(message), reason: message.params[2] ?? "" };
  if (item?.kind === "message") replace(c, item, { redacted, text: "", mention: false, reactions: [] });
}

function changeOthers(c, message) {
  if (message.command === "TAGMSG") react(c, message);
  if (message.command === "REDACT") redact(c, message);
}

/** A message's item where it is new; what changes others is done. */
function take(c, message, me) {
  changeOthers(c, message);
  const item = itemOf(message, me);
  if (!item || (item.id && c.ids.has(item.id))) return null;
  const key = c.own.get(item.id);
  if (key) {
    takeOut(c, key);
    c.own.delete(item.id);
    item.key = key;
  }
  if (item.kind === "message" && c.marks.has(item.id)) item.reactions = reactionsOf(c, item.id);
  if (item.id) c.ids.set(item.id, item);
  return item;
}

// The window

const end = (c) => c.items.length - c.unsent;

function cut(c, from, count) {
  for (const { id } of c.items.splice(from, count)) if (id) c.ids.delete(id);
}

/** What comes live. More than MOST_HELD held tells that not all are there. */
export function add(c, message, me) {
  c.revision++;
  const id = message.tags.msgid;
  if (c.own.has(id)) return;
  if (c.held) return void (c.held.length <= MOST_HELD && c.held.push(message));
  const full = end(c) >= LIMIT;
  // What comes from now on is of a page.
  if (full && !c.following) Object.assign(c, { hasNewer: true, fresh: false });
  if (c.hasNewer) return changeOthers(c, message);
  if (!c.ids.has(id)) c.last = id;
  const item = take(c, message, me);
  if (!item) return;
  c.items.splice(end(c), 0, item);
  if (full) {
    cut(c, 0, PAGE);
    c.first = c.items.find(({ id }) => id)?.id ?? "";
    c.hasOlder = true;
  }
}

/**
 * A page of history. way: "older" or "newer" where the window goes on, "whole" in its place.
 * Returns whether it had anything that the window hadn't.
 */
export function addPage(c, way, messages, me) {
  c.revision++;
  if (way === "whole") {
    cut(c, 0, end(c));
    c.first = c.last = "";
  }
  const ids = messages.map(({ tags }) => tags.msgid).filter(Boolean);
  const before = way === "older" ? c.first : c.last;
  const found = messages.map((message) => take(c, message, me)).filter(Boolean);
  c.items.splice(way === "older" ? 0 : end(c), 0, ...found);
  if (ids.length && (way === "older" || !c.first)) c.first = ids[0];
  if (ids.length && (way !== "older" || !c.last)) c.last = ids.at(-1);
  const over = end(c) - LIMIT;
  if (over > 0 && way === "older") {
    cut(c, LIMIT, over);
    c.last = c.items.slice(0, LIMIT).findLast(({ id }) => id)?.id ?? "";
    Object.assign(c, { hasNewer: true, fresh: false });
  } else if (over > 0) {
    cut(c, 0, over);
    c.first = c.items.find(({ id }) => id)?.id ?? "";
    c.hasOlder = true;
  }
  return ids.length > 0 && before !== (way === "older" ? c.first : c.last);
}

/** What is unread, of what is loaded. */
export function recount(c) {
  const unread = c.items.filter(
    (item) => item.kind === "message" && item.at > c.marker && !item.mine && !item.redacted,
  );
  c.unread = unread.length;
  c.mentions = unread.filter(({ mention }) => mention).length;
  c.revision++;
}

// What we say

/** An entry of the outbox at the end, or as it is now. */
export function showUnsent(c, entry, author) {
  const known = c.items.find(({ key }) => key === entry.key);
  const change = { delivery: entry.state, reason: entry.reason };
  if (known) return void replace(c, known, change);
  const { key, at, text, action, reply } = entry;
  c.items.push({
    kind: "message", key, id: null, at, author, text, action, notice: false, reply,
    reactions: [], redacted: null, mine: true, mention: false, bot: false, ...change,
  });
  c.unsent++;
  c.revision++;
}

function takeOut(c, key) {
  const at = c.items.findIndex((item, n) => n >= end(c) && item.key === key);
  if (at < 0) return null;
  c.unsent--;
  c.revision++;
  return c.items.splice(at, 1)[0];
}

/** It is stored, or forgotten (message null). */
export function settleUnsent(c, { key, again }, message) {
  const id = message?.tags.msgid;
  const item = c.items.find((one) => one.key === key);
  if (id && item && !c.ids.has(id) && (again || !c.fresh || c.hasNewer)) {
    // What came before it may be missing yet, or it may be old: it stands at the end until a page tells.
    c.own.set(id, key);
    replace(c, item, { delivery: "stored" });
    c.fresh = false;
  } else if (takeOut(c, key) && message && !c.ids.has(id)) {
    const stored = { ...item, id: id ?? null, at: timeOf(message), delivery: "stored" };
    if (id) c.ids.set(id, stored);
    c.items.splice(end(c), 0, stored);
    if (id) c.last = id;
  }
}

/** Those that are stored and not in the window, which goes to the end, are older than it. */
export function dropOwn(c, ids) {
  for (const id of ids) {
    takeOut(c, c.own.get(id));
    c.own.delete(id);
  }
}
