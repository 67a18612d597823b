/**
 * What was typed and isn't known to be stored: kept in the browser until the server's echo comes.
 * Each has a key, by which the server stores it once although it is sent again.
 */
import { bytes, fold, pieces } from "../irc/message.js";
import { showUnsent, settleUnsent } from "./timeline.js";

const ON_THE_WAY = 16;
const MOST = 500;

const random = () => crypto.getRandomValues(new Uint32Array(2));
/** 1 to 15 hexadecimal digits, not all 0. */
const newKey = () => "a" + [...random()].map((n) => (n & 0xfffffff).toString(16).padStart(7, "0")).join("");

export class Outbox {
  /**
   * @param {import("../types").Store} store
   * @param {import("../types").OutboxEars} on
   */
  constructor(store, on) {
    this.store = store;
    this.on = on;
    this.entries = new Map();
    this.sent = new Set();
    /** Keys of those that are done, as it takes a while until they aren't kept any more. */
    this.done = new Set();
    this.last = 0;
  }

  /** Say a text, in as few messages as the server takes. Returns a problem, or null. */
  put(owner, account, target, text, { reply = null, action = false }, limits) {
    const packs = pack(text, limits);
    if (this.entries.size + packs.length > MOST) return { code: "FULL", text: "" };
    for (const part of packs) {
      /** @type {import("../types").Entry} */
      const entry = { key: newKey(), owner, account, target, text: part, reply, action,
        at: Math.max(Date.now(), this.last + 1), state: "pending", reason: "" };
      this.take(entry);
      this.store.keep(entry).then((kept) => kept || this.on.unkept());
    }
    return null;
  }

  take(entry) {
    this.entries.set(entry.key, entry);
    this.last = Math.max(this.last, entry.at); // they are sent in this order, whatever the clock does
    this.show(entry);
  }

  /** In a conversation that is a new one here. */
  showAll(c) {
    for (const entry of this.entries.values()) if (this.on.find(entry.target) === c) this.show(entry);
  }

  show(entry) {
    const c = this.on.conversation(entry.target);
    if (c) showUnsent(c, entry, entry.account);
    this.on.changed();
  }

  /** Send what isn't on its way. */
  flush(session) {
    if (!session?.ready) return;
    for (const entry of this.entries.values()) {
      if (this.sent.size >= ON_THE_WAY) return;
      if (entry.state === "pending" && !this.sent.has(entry.key)) this.#send(session, entry);
    }
  }

  #send(session, entry) {
    const { key, target, text, action, reply } = entry;
    this.sent.add(key);
    const label = session.expect({
      done: (messages) => {
        this.sent.delete(key);
        const echo = messages.find(({ tags }) => tags.msgid);
        this.remove(entry, echo ?? { tags: {} });
        this.flush(session);
      },
      failed: (problem) => {
        this.sent.delete(key);
        // Not known: it is sent again, with the same key, when there is a connection.
        if (/^(LOST|SILENT)$/.test(problem.code)) entry.again = true;
        if (problem.code === "LOST") return;
        if (problem.code === "SILENT") return void this.flush(session);
        Object.assign(entry, { state: "refused", reason: this.on.words(problem) });
        this.store.keep(entry);
        this.show(entry);
        this.flush(session);
      },
    });
    const tags = { label, "securechat/key": key, "+draft/reply": reply };
    session.say(target, action ? `\x01ACTION ${text}\x01` : text, tags);
  }

  remove(entry, echo = null) {
    this.entries.delete(entry.key);
    this.done.add(entry.key);
    this.store.drop(entry.key);
    const c = this.on.find(entry.target);
    if (c) settleUnsent(c, entry, echo);
    this.on.stored(c, echo);
    this.on.changed();
  }

  /** Say once more what was refused. */
  retry(key, session) {
    const entry = this.entries.get(key);
    if (entry?.state !== "refused") return;
    const { owner, account, target, text, reply, action } = entry;
    this.remove(entry);
    this.put(owner, account, target, text, { reply, action }, session?.limits);
    this.flush(session);
  }

  forget(key) {
    const entry = this.entries.get(key);
    if (entry && !this.sent.has(key)) this.remove(entry);
  }

  clear() {
    this.entries.clear();
    this.sent.clear();
  }

  renamed(old, name) {
    for (const entry of this.entries.values()) {
      if (fold(entry.target) === fold(old)) this.store.keep(Object.assign(entry, { target: name }));
    }
  }
}

/** Without empty lines around it. */
const trim = (text) => text.trimEnd().replace(/^(\s*\n)+/, "");

/** A text in messages of at most so many bytes and lines, parted between lines where that can be. */
export function pack(text, { bytes: most, lines } = { bytes: 8192, lines: 64 }) {
  const clean = trim(text.replace(/\r\n?/g, "\n").replace(/\0/g, ""));
  const found = [];
  let current = [];
  let size = -1; // no line feed before the first
  let count = 0;
  const close = () => {
    const whole = trim(current.join("\n"));
    if (whole) found.push(whole);
    [current, size, count] = [[], -1, 0];
  };
  for (const line of clean.split("\n")) {
    pieces(line, most).forEach((piece, at) => {
      const more = bytes(piece) + 1;
      // A line of the wire has some 300 bytes of text at least.
      const wires = Math.ceil(more / 300);
      if (at || size + more > most || count + wires > lines) close();
      current.push(piece);
      size += more;
      count += wires;
    });
  }
  close();
  return found;
}
