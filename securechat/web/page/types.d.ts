import type { Session } from "./irc/session";

/**
 * What the views read; see app.js for what they may call. Only the app and the model change it.
 * For people and for `tsc`: the page doesn't load this file, and the server doesn't serve it.
 */

export interface State {
  phase: "starting" | "login" | "connecting" | "online" | "offline";
  /** Of the login, or of the connection. */
  problem: null | Problem;
  me: { account: string; administrator: boolean };
  server: {
    name: string;
    network: string;
    /** Of clients other than browsers. */
    port: number;
    /** Whether accounts can be made here, as far as it is known, by an invite or without one. */
    registration: "" | "invite";
    minPassword: number;
    /** The capabilities that are on. */
    features: Set<string>;
    topicLength: number;
  };
  /** By key, in no order. */
  conversations: Map<string, Conversation>;
  /** What people want to be called, by folded name. named: how often that has changed. */
  names: Map<string, string>;
  named: number;
  /** The key of the one that is open. */
  current: string | null;
  settings: Settings;
  /** Shown for a while; app.dismiss(notice.id). */
  notices: Notice[];
  /** The code of an invite link that was opened and isn't used; "" for none. */
  invite: string;
  /** The dialog that is open. */
  view: null | View;
  /** The server has another version of the page: app.reload(). */
  newer: boolean;
}

/**
 * code: of the server (CODE_REQUIRED, WEAK_PASSWORD, ACCOUNT_EXISTS, ...), or one of ours:
 * PASSWORD (wrong), SECOND_FACTOR_REQUIRED (with secret and uri), NO_SOCKET, LOST, SILENT, OFFLINE.
 */
export interface Problem { code: string; text: string; secret?: string; uri?: string }

export interface Settings {
  theme: "auto" | "light" | "dark";
  /** "en", "ru", or "" for the browser's. */
  language: string;
  notify: boolean;
  /** Whether notifications have the text, too. */
  preview: boolean;
  /** Whether the last login here asked to be remembered. */
  remember: boolean;
  /** Whether joins, parts and the like are shown. */
  events: boolean;
}
export interface Notice { id: number; kind: "info" | "error"; text: string; room: string }
export interface View { name: string; [more: string]: any }

export interface Conversation {
  /** The folded name. */
  key: string;
  name: string;
  kind: "channel" | "person";
  topic: string;
  /** Letters, such as "nt". */
  modes: string;
  joined: boolean;
  /** By folded name. Another Map whenever one of them has changed: views compare it. */
  members: Map<string, Member>;
  unread: number;
  mentions: number;
  /** Read so far: milliseconds since 1970, 0 for nothing. */
  marker: number;
  /** Where the unread line stands: what was read when it was opened; 0 for no line. */
  unreadFrom: number;
  /** Time of the newest message in ms, for sorting. */
  latest: number;
  /**
   * A window, oldest first. An item that changes is replaced by another one of the same key: views
   * compare them, and draw what is the same only once.
   */
  items: Item[];
  /**
   * Whether the end is in sight (app.follow(key, on)). If not, the window keeps its oldest: what is
   * said beyond its limit waits behind hasNewer.
   */
  following: boolean;
  hasOlder: boolean;
  hasNewer: boolean;
  loading: boolean;
  problem: null | Problem;
  draft: string;
  /** msgid that the draft answers. */
  reply: string | null;
  /** The item's key that was jumped to, until app.arrived(key). */
  target: string | null;
  /** Names. */
  typing: string[];
  /** Changes whenever something of it has. */
  revision: number;

  // What views don't need.

  /** Items by msgid. */
  ids: Map<string, Item>;
  /** Reactions by the msgid that they are about; see model/timeline.js. */
  marks: Map<string, Map<string, { name: string; emoji: string; at: number; on: boolean }>>;
  /** msgids of the window's borders, from which pages go on; "" for none. */
  first: string;
  last: string;
  /** Whether the window ends with what was said last. */
  fresh: boolean;
  /** What comes live while a page is on its way. */
  held: Answer[] | null;
  /** How many items at the end are of the outbox. */
  unsent: number;
  /** Those of them that are stored, whose place a page has yet to tell: their keys by msgid. */
  own: Map<string, string>;
  /** Whether it is known who is there. */
  known: boolean;
  typists: Map<string, { who: string; until: number }>;
  /** Timers of setTimeout, and when we last told that we type. */
  draftTimer: any;
  markTimer: any;
  typed: number;
}

/** roles: of "~@+", the highest first. away: a text, null for present. */
export interface Member { name: string; roles: string; away: string | null; bot: boolean }

export type Item = Said | Happened;

export interface Said {
  kind: "message";
  /** Of this page, lasting; for lists. */
  key: string;
  /** msgid. */
  id: string | null;
  /** Milliseconds since 1970. */
  at: number;
  author: string;
  text: string;
  action: boolean;
  notice: boolean;
  /** msgid that it answers. */
  reply: string | null;
  reactions: { emoji: string; names: string[] }[];
  redacted: null | { by: string; reason: string };
  /** null: not said by us. */
  delivery: null | "pending" | "stored" | "refused";
  /** Why it was refused. */
  reason: string;
  mine: boolean;
  mention: boolean;
  bot: boolean;
}

/** text: the reason, topic, modes or new name. target: who was kicked. */
export interface Happened {
  kind: "event";
  key: string;
  id: string | null;
  at: number;
  what: "join" | "part" | "kick" | "mode" | "topic" | "rename";
  who: string;
  target: string;
  text: string;
}

/** app.jump(hit.conversation, {id: hit.id}) goes there. conversation: a key; name: as it is shown. */
export interface Hit { id: string; conversation: string; name: string; at: number; author: string; text: string }
export interface Listed { name: string; count: number; topic: string }
/** created, used, since, heard: ms, 0 for never. here: this very page's. forgotten: it has no token. */
export interface Devices {
  forgotten: boolean;
  tokens: { name: string; created: number; used: number; here: boolean }[];
  sessions: { id: string; by: string; name: string; since: number; heard: number; address: string; here: boolean }[];
}
/** password: or a token. name: of the token, "" for none. Kept in the browser if it is remembered. */
export interface Login {
  account: string;
  password: string;
  name?: string;
  remember?: boolean;
  /** What the token is to be called. */
  device?: string;
  /** Of the second factor. */
  code?: string;
  /** Registers, by an invite or by "*". */
  invite?: string;
}
/** What was typed and isn't known to be stored. owner: the tab. target: a name. */
export interface Entry {
  /** It may have been stored already: nothing was heard of it when it was sent. */
  again?: boolean;
  key: string;
  owner: string;
  account: string;
  target: string;
  text: string;
  reply: string | null;
  action: boolean;
  at: number;
  state: "pending" | "refused";
  reason: string;
}

// What is called when something has happened

export interface SessionEars {
  offered(): void;
  ready(nick: string): void;
  /** passing: it may be otherwise soon. */
  refused(problem: Problem, passing: boolean): void;
  message(message: Answer): void;
}
export interface LinkEars {
  offered(session: Session): void;
  ready(nick: string, session: Session): void;
  refused(problem: Problem): void;
  message(message: Answer): void;
  lost(left: boolean): void;
  /** It goes on trying unless it is stopped. */
  failed(problem: Problem): void;
}
export interface EventsEars {
  changed(): void;
  made(c: Conversation): void;
  notice(text: string): void;
  load(c: Conversation): void;
  watched(c: Conversation): boolean;
  invited(who: string, channel: string): void;
  /** The server has metadata of a target, or of "*ALL", for who asks for them. */
  later(target: string): void;
  gone(c: Conversation): void;
  renamed(old: string, c: Conversation): void;
  said(c: Conversation, item: Said): void;
}
export interface HistoryEars {
  session(): Session | null;
  me(): string;
  changed(): void;
}
export interface OutboxEars {
  conversation(name: string): Conversation | null;
  find(name: string): Conversation | undefined;
  words(problem: Problem): string;
  changed(): void;
  unkept(): void;
  /** echo: tags alone where there was none, null if the entry was taken back. */
  stored(c: Conversation | null | undefined, echo: { tags: Record<string, string> } | null): void;
}
/** See device/storage.js. */
export interface Store {
  /** Whether it is kept. */
  keep(entry: Entry): Promise<boolean>;
  drop(key: string): Promise<unknown>;
}

/** messages: of a batch. */
export interface Answer {
  command: string;
  params: string[];
  tags: Record<string, string>;
  source: string;
  messages?: Answer[];
}

// What the types of `tsc` don't have yet, or only for workers
declare global {
  interface Array<T> { findLast(wanted: (one: T) => unknown): T | undefined }
  interface Element { role: string | null }
  interface Navigator { setAppBadge?(n: number): Promise<void>; clearAppBadge?(): Promise<void> }
  interface WindowEventMap { activate: any; fetch: any }
  function skipWaiting(): Promise<void>;
  const clients: { claim(): Promise<void> };
}
