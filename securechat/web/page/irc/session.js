/**
 * The conversation with the server on one connection: login, labels, batches.
 * https://ircv3.net/irc: capability negotiation, SASL 3.2, account-registration, labeled-response,
 * batch, multiline, standard replies.
 */
import { bytes, format, parse, pieces, saslPlain } from "./message.js";

/** @typedef {import("../types").Answer} Message */

const WANTED = new Set(
  `away-notify batch cap-notify draft/account-registration draft/channel-rename draft/chathistory
  draft/event-playback draft/message-redaction draft/metadata-3 draft/multiline draft/read-marker echo-message
  extended-join invite-notify labeled-response message-tags multi-prefix no-implicit-names sasl
  securechat/administration securechat/key server-time setname soju.im/search standard-replies`.split(/\s+/),
);
const REGISTRATION = "draft/account-registration";
const MULTILINE = "draft/multiline";
/** Batches whose content is of then: it changes nothing now. */
const OF_THEN = new Set(["chathistory", "draft/chathistory-targets", "soju.im/search"]);
const PATIENCE = 30_000;
const MOST_BATCHES = 50;
const MOST_OFFERED = 500;
const MOST_IN_BATCH = 2000;
const MOST_TEXT = 32_768;
const AGAIN = new Set(["TEMPORARILY_UNAVAILABLE", "RATE_LIMITED"]);

/** Whether a search was ended by the clock; its third word is where to go on. */
export const isIncomplete = ({ command, params }) =>
  command === "WARN" && params[0] === "SEARCH" && params[1] === "INCOMPLETE";

/** What is wrong, if a message says so. */
export function problemOf({ command, params }) {
  if (command === "FAIL") return { code: params[1] ?? "", text: params.at(-1) ?? "" };
  const bad = /^([45]\d\d|263|90[24567])$/.test(command) && command !== "422";
  return bad ? { code: command, text: params.at(-1) ?? command } : null;
}

export class Session {
  /**
   * @param {import("../types").Login | null} credential null: only to see what the server offers
   * @param {(line: string) => void} send
   * @param {import("../types").SessionEars} on
   */
  constructor(credential, send, on) {
    this.credential = credential;
    this.write = send;
    this.on = on;
    this.ready = false;
    this.nick = credential?.account ?? "";
    this.host = "";
    /** @type {Map<string, string>} */
    this.offered = new Map();
    this.features = new Set();
    this.limits = { bytes: 8192, lines: 64 };
    this.batches = new Map();
    this.waiting = new Map();
    this.count = 0;
    this.factor = {};
  }

  start() {
    this.write("CAP LS 302");
    if (!this.credential) return;
    this.write(format("NICK", [this.nick]));
    this.write(format("USER", [this.nick, "0", "*", this.nick]));
  }

  /** The connection is gone: nothing is answered any more. */
  lost() {
    this.ready = false;
    for (const label of [...this.waiting.keys()]) this.#settle(label, { code: "LOST", text: "" });
  }

  // commands

  /** A command whose whole answer is waited for; rejects with {code, text}. */
  request(command, ...params) {
    return this.ask({}, command, params);
  }

  /** The same with tags. */
  ask(tags, command, params) {
    return new Promise((done, failed) => {
      if (!this.ready) failed({ code: "OFFLINE", text: "" });
      else this.write(format(command, params, { ...tags, label: this.expect({ done, failed }) }));
    });
  }

  /** A label; done(messages) or failed(problem) is called at once when the answer is there. */
  expect({ done, failed }) {
    const label = String(++this.count);
    const timer = setTimeout(() => this.#settle(label, { code: "SILENT", text: "" }), PATIENCE);
    this.waiting.set(label, { done, failed, timer });
    return label;
  }

  #settle(label, problem, messages = []) {
    const one = this.waiting.get(label);
    if (!one) return false;
    this.waiting.delete(label);
    clearTimeout(one.timer);
    if (problem) one.failed(problem);
    else one.done(messages);
    return true;
  }

  /** Bytes that a text to a target may have in one line. */
  space(target) {
    const prefix = `:${this.nick}!${this.nick}@${this.host || "x".repeat(64)} PRIVMSG  :`;
    return 510 - bytes(prefix) - bytes(target);
  }

  /** A message, as a batch where one line doesn't hold it. The label is of expect(). */
  say(target, text, tags) {
    const space = this.space(target);
    if (!text.includes("\n") && bytes(text) <= space) {
      this.write(format("PRIVMSG", [target, text], tags));
      return;
    }
    this.write(format("BATCH", ["+m", MULTILINE, target], tags));
    for (const line of text.split("\n")) {
      pieces(line, space).forEach((piece, at) => {
        const inner = { batch: "m", ...(at && { [MULTILINE + "-concat"]: "" }) };
        this.write(format("PRIVMSG", [target, piece], inner));
      });
    }
    this.write("BATCH -m");
  }

  // what comes

  receive(/** @type {string} */ line) {
    const message = parse(line);
    if (!message) return;
    if (message.command === "PING") this.write(format("PONG", message.params.slice(-1)));
    else if (message.command === "ERROR") this.#ended(message.params[0] ?? "");
    else if (message.command === "BATCH") this.#batch(message);
    else this.#put(message);
  }

  #ended(text) {
    const over = /: Your account has been (disabled|deleted)$/.exec(text)?.[1];
    this.on.refused({ code: (over ?? "error").toUpperCase(), text }, !over);
  }

  #put(message) {
    const batch = this.batches.get(message.tags.batch);
    if (!batch) this.#whole([message], message.tags.label);
    else if (batch.messages.length < MOST_IN_BATCH) batch.messages.push(message);
  }

  #batch({ params: [name = "", type = "", ...params], tags, source }) {
    const reference = name.slice(1);
    if (name[0] === "+") {
      if (this.batches.size >= MOST_BATCHES) this.batches.clear();
      this.batches.set(reference, { command: "BATCH", type, params, tags, source, messages: [] });
      return;
    }
    const batch = this.batches.get(reference);
    if (!batch) return;
    this.batches.delete(reference);
    if (batch.type === MULTILINE) this.#several(batch);
    else if (this.batches.has(batch.tags.batch)) this.#put(batch);
    else this.#whole(OF_THEN.has(batch.type) ? [batch] : batch.messages, batch.tags.label);
  }

  /** A message of several lines, as if it had come in one. */
  #several({ messages, tags, params, source }) {
    const first = messages[0];
    if (!first) return;
    let text = first.params[1] ?? "";
    for (const { params: [, more = ""], tags: { [MULTILINE + "-concat"]: joined } } of messages.slice(1)) {
      if (text.length < MOST_TEXT) text += (joined === undefined ? "\n" : "") + more;
    }
    const whole = { command: first.command, params: [params[0] ?? "", text], tags, source };
    this.#put({ ...whole, source: first.source || source });
  }

  #whole(messages, label) {
    const problem = label && messages.map(problemOf).find(Boolean);
    const known = this.#settle(label, problem, messages);
    for (const message of messages) {
      if (message.command === "BATCH") {
        if (!OF_THEN.has(message.type)) this.#whole(message.messages);
      } else if (!this.ready) this.#before(message);
      // What answers a request is told by that; what else it has led to is told as always.
      else if (!known || !problemOf(message)) this.on.message(message);
    }
  }

  // login

  #before(message) {
    const { command, params } = message;
    const steps = {
      CAP: () => this.#cap(params),
      AUTHENTICATE: () => this.#prove(),
      903: () => this.write("CAP END"),
      REGISTER: () => this.write("CAP END"),
      "001": () => (this.nick = params[0] ?? this.nick),
      376: () => this.#welcomed(),
      422: () => this.#welcomed(),
      NOTE: () => this.#note(params),
    };
    const step = Object.hasOwn(steps, command) && steps[command];
    const problem = problemOf(message);
    if (step) step();
    // Of a nick of another spelling: the account decides what ours is.
    else if (problem && (this.credential?.invite || !/^43/.test(problem.code))) this.#refuse(problem);
    else if (command === "005") this.on.message(message);
  }

  #refuse({ code, text }) {
    if (/^90[24567]$|^464$/.test(code)) code = "PASSWORD";
    if (/^43/.test(code)) code = "BAD_ACCOUNT_NAME";
    this.on.refused({ code, text, ...this.factor }, AGAIN.has(code));
  }

  #note([what, code, ...more]) {
    if (what === "TOTP" && code === "SECRET") this.factor = { secret: more[0], uri: more[1] };
    else this.on.message({ command: "NOTE", params: [what, code, ...more], tags: {}, source: "" });
  }

  #cap([, verb, ...more]) {
    if (verb === "ACK") this.#identify(more.at(-1).split(" "));
    if (verb !== "LS") return;
    for (const item of more.at(-1).split(" ").slice(0, 200)) {
      if (this.offered.size >= MOST_OFFERED) break;
      const at = (item + "=").indexOf("=");
      this.offered.set(item.slice(0, at), item.slice(at + 1));
    }
    if (more.length > 1) return;
    this.on.offered();
    if (!this.credential) return;
    const names = [...this.offered.keys()].filter((name) => WANTED.has(name));
    const limits = this.offered.get(MULTILINE) ?? "";
    this.limits.bytes = +(/max-bytes=(\d{1,6})/.exec(limits)?.[1] ?? 8192);
    this.limits.lines = +(/max-lines=(\d{1,4})/.exec(limits)?.[1] ?? 64);
    this.write(format("CAP", ["REQ", names.join(" ")]));
  }

  #identify(names) {
    this.features = new Set(names);
    if (!this.credential) return;
    const { invite, password } = this.credential;
    if (!invite) this.write("AUTHENTICATE PLAIN");
    else if (!this.features.has(REGISTRATION)) this.#refuse({ code: "NO_ACCOUNTS", text: "" });
    else this.write(format("REGISTER", ["*", invite, password]));
  }

  #prove() {
    if (!this.credential) return;
    const { account, password, code = "" } = this.credential;
    saslPlain(account, password + code).forEach((line) => this.write(line));
  }

  #welcomed() {
    this.ready = true;
    this.on.ready(this.nick);
  }

  /** What the server says of new accounts. */
  get registration() {
    const value = this.offered.get(REGISTRATION);
    const least = +(/min-password=(\d{1,4})/.exec(value ?? "")?.[1] ?? 0);
    return { kind: value === undefined ? "" : "invite", least };
  }
}
