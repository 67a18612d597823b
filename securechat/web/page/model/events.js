/** What a message of the server changes. */
import { fold, nickOf } from "../irc/message.js";
import { add, makeConversation, recount, saidIn, tagOf } from "./timeline.js";

const MOST_CONVERSATIONS = 1000;
const MOST_MEMBERS = 5000;
const MOST_TYPING = 20;
const MOST_CALLED = 60;
const ROLES = { q: "~", o: "@", v: "+" };
export const letterOf = (role) => Object.keys(ROLES).find((letter) => ROLES[letter] === role);

export class Events {
  /**
   * @param {import("../types").State} state
   * @param {import("../types").EventsEars} on
   */
  constructor(state, on) {
    this.state = state;
    this.on = on;
  }

  get me() {
    return this.state.me.account;
  }

  mine(name) {
    return fold(name) === fold(this.me);
  }

  find(name) {
    return this.state.conversations.get(fold(name ?? ""));
  }

  /** A conversation, made if there is room; null else. */
  make(/** @type {string} */ name) {
    const known = this.find(name);
    if (known || !name || name.length > 100) return known ?? null;
    if (this.state.conversations.size >= MOST_CONVERSATIONS) return null;
    const c = makeConversation(name);
    this.state.conversations.set(c.key, c);
    this.on.made(c);
    return c;
  }

  /** Where a message belongs: the channel, or the person that we talk with. */
  place(message) {
    const target = (message.params[0] ?? "").replace(/^[~@+]+(?=#)/, "");
    return this.mine(target) ? nickOf(message) : target;
  }

  take(message) {
    const handle = Object.hasOwn(HANDLERS, message.command) && HANDLERS[message.command];
    if (!handle) return;
    handle.call(this, message, ...message.params);
    this.on.changed();
  }

  /** What a timeline shows: all that the history has, too. Who is online stands beside it. */
  live(c, message) {
    if (!c || !message.tags.msgid) return;
    if (!c.fresh) this.on.load(c);
    if (c.fresh || c.held || c.hasNewer) add(c, message, this.me);
  }

  said(message) {
    if (!message.source.includes("!")) return this.on.notice(message.params[1]);
    const c = this.make(this.place(message));
    if (!c) return;
    const item = saidIn(message, this.me);
    c.latest = Math.max(c.latest, item.at);
    c.typists.delete(fold(item.author));
    this.showTyping(c);
    const known = item.id && c.ids.has(item.id);
    this.live(c, message);
    if (known || item.mine) return;
    if (item.at > c.marker && (c.fresh || c.hasNewer)) {
      if (!c.unread && !this.on.watched(c)) c.unreadFrom = c.marker;
      c.unread++;
      if (item.mention) c.mentions++;
    }
    this.on.said(c, item);
  }

  tagged(message) {
    if (tagOf(message, "react") ?? tagOf(message, "unreact")) this.live(this.find(this.place(message)), message);
    const typing = tagOf(message, "typing");
    const c = this.find(this.place(message));
    const who = nickOf(message);
    if (!typing || !c || this.mine(who)) return;
    const lasts = typing === "active" ? 6000 : typing === "paused" ? 30_000 : 0;
    if (lasts && c.typists.size < MOST_TYPING) c.typists.set(fold(who), { who, until: performance.now() + lasts });
    else c.typists.delete(fold(who));
    this.showTyping(c);
  }

  /** Who types, as of now; to be called again after a while. */
  showTyping(c) {
    for (const [key, { until }] of c.typists) if (until <= performance.now()) c.typists.delete(key);
    const names = [...c.typists.values()].map(({ who }) => who);
    if (names.join() === c.typing.join()) return;
    c.typing = names;
    c.revision++;
  }

  // Members: known once they were asked for

  /** change(member or undefined) returns what it is now; undefined takes it out. */
  member(c, name, change) {
    const key = fold(name ?? "");
    if (!c?.known || !key || (c.members.size >= MOST_MEMBERS && !c.members.has(key))) return;
    const next = change(c.members.get(key));
    c.members = new Map(c.members);
    if (next) c.members.set(key, next);
    else c.members.delete(key);
    c.revision++;
  }

  everywhere(name, change) {
    for (const c of this.state.conversations.values()) {
      if (c.members.has(fold(name))) this.member(c, name, (member) => change(member, c));
    }
  }

  /** The answer to WHO channel %nf: who is there. */
  setMembers(c, answers) {
    c.known = true;
    c.members = new Map();
    for (const { command, params: [, name, flags = ""] } of answers) {
      if (command !== "354" || !name || c.members.size >= MOST_MEMBERS) continue;
      const roles = flags.replace(/[^~@+]/g, "");
      const away = flags[0] === "G" ? "" : null;
      c.members.set(fold(name), { name, roles, away, bot: flags.includes("B") });
    }
    c.revision++;
  }

  joined(message, channel) {
    const who = nickOf(message);
    const mine = this.mine(who);
    const c = mine ? this.make(channel) : this.find(channel);
    if (!c) return;
    if (mine) Object.assign(c, { joined: true, name: channel, known: false });
    else this.member(c, who, () => ({ name: who, roles: "", away: null, bot: false }));
    this.live(c, message);
  }

  left(message, channel, who) {
    const c = this.find(channel);
    if (!c) return;
    this.live(c, message);
    if (!this.mine(who)) return this.member(c, who, () => undefined);
    Object.assign(c, { joined: false, known: false, members: new Map(), revision: c.revision + 1 });
    if (message.command === "PART") this.on.gone(c);
  }

  quit(message) {
    const who = nickOf(message);
    this.everywhere(who, () => undefined);
  }

  nick(message, name) {
    const old = nickOf(message);
    if (this.mine(old)) this.state.me.account = name;
    this.everywhere(old, (member) => ({ ...member, name }));
    const c = this.find(old);
    if (c?.kind === "person") c.name = name;
  }

  mode(message, channel, letters = "", ...params) {
    const c = this.find(channel);
    if (!c) return;
    this.setModes(c, letters, params);
    this.live(c, message);
  }

  setModes(c, letters = "", params = []) {
    let on = true;
    for (const letter of letters) {
      if (/[+-]/.test(letter)) on = letter === "+";
      else if (ROLES[letter]) this.role(c, params.shift(), ROLES[letter], on);
      else if (/[beI]/.test(letter)) params.shift();
      else {
        if (letter === "k" || (letter === "l" && on)) params.shift();
        c.modes = c.modes.replace(letter, "") + (on ? letter : "");
      }
    }
    c.revision++;
  }

  role(c, name, role, on) {
    this.member(c, name, (member) => {
      const has = (one) => (one === role ? on : member?.roles.includes(one));
      return member && { ...member, roles: [..."~@+"].filter(has).join("") };
    });
  }

  topic(message, channel, topic = "") {
    const c = this.find(channel);
    if (!c) return;
    c.topic = topic;
    this.live(c, message);
    c.revision++;
  }

  renamed(message, old, name) {
    const c = this.find(old);
    if (!c || !name || this.find(name)) return;
    this.state.conversations.delete(c.key);
    if (this.state.current === c.key) this.state.current = fold(name);
    Object.assign(c, { key: fold(name), name });
    this.state.conversations.set(c.key, c);
    this.live(c, message);
    this.on.renamed(old, c);
  }

  marked(message, target, time = "") {
    const c = this.find(target);
    const at = Date.parse(time.replace("timestamp=", ""));
    if (!c || !(at > c.marker)) return;
    c.marker = at;
    if (c.fresh) recount(c);
    else if (c.latest <= at) c.unread = c.mentions = 0;
    c.revision++;
  }

  called(target, key, text) {
    const name = fold(target ?? "");
    const { names } = this.state;
    if (key !== "display-name" || name[0] === "#" || (names.size >= MOST_MEMBERS && !names.has(name))) return;
    if (text) names.set(name, text.slice(0, MOST_CALLED));
    else names.delete(name);
    this.state.named++;
  }

  isupport(message, ...tokens) {
    for (const token of tokens) {
      const [name, value = ""] = token.split("=");
      if (name === "NETWORK") this.state.server.network = value;
      if (name === "TOPICLEN") this.state.server.topicLength = +value || 0;
    }
    this.state.server.name = message.source;
  }
}

const p = Events.prototype;
/** Called with the message and its parameters. */
const HANDLERS = {
  PRIVMSG: p.said,
  NOTICE: p.said,
  TAGMSG: p.tagged,
  REDACT(message) {
    const c = this.find(this.place(message));
    this.live(c, message);
    if (c?.fresh) recount(c);
  },
  JOIN: p.joined,
  PART(message, channel) {
    this.left(message, channel, nickOf(message));
  },
  KICK: p.left,
  QUIT: p.quit,
  NICK: p.nick,
  MODE: p.mode,
  TOPIC: p.topic,
  332(message, _, channel, topic) {
    const c = this.make(channel);
    if (c) Object.assign(c, { topic, revision: c.revision + 1 });
  },
  331(message, _, channel) {
    const c = this.find(channel);
    if (c) Object.assign(c, { topic: "", revision: c.revision + 1 });
  },
  324(message, _, channel, letters, ...params) {
    const c = this.find(channel);
    if (c) Object.assign(c, { modes: "" }), this.setModes(c, letters, params);
  },
  RENAME: p.renamed,
  MARKREAD: p.marked,
  AWAY(message, text = null) {
    this.everywhere(nickOf(message), (member) => ({ ...member, away: text }));
  },
  INVITE(message, who, channel) {
    if (this.mine(who)) this.on.invited(nickOf(message), channel);
  },
  // https://github.com/ircv3/ircv3-specifications/pull/613: metadata
  761(message, _, target, key, __, text) {
    this.called(target, key, text);
  },
  766(message, _, target, key) {
    this.called(target, key, "");
  },
  774(message, _, target) {
    this.on.later(target);
  },
  "005": p.isupport,
};
