/** Pages of history: where each window goes on. https://ircv3.net/specs/extensions/chathistory */
import { MOST_HELD, PAGE, add, addPage, dropOwn, recount } from "./model/timeline.js";

const BEGINNING = "timestamp=1970-01-01T00:00:00.000Z";
const END = "timestamp=9998-12-31T23:59:59.999Z";
/** Pages that are fetched to close a gap; of a longer one the window begins anew. */
const MOST_PAGES = 5;

/** What a request's answer has in its batch of history. */
export const within = (messages) => messages.find(({ command }) => command === "BATCH")?.messages ?? [];

export class History {
  /** @param {import("./types").HistoryEars} on */
  constructor(on) {
    this.on = on;
  }

  async #ask(...params) {
    const session = this.on.session();
    if (!session) throw { code: "OFFLINE", text: "" };
    return within(await session.request("CHATHISTORY", ...params));
  }

  /** Ask for a page; place(page) puts it where it belongs, if nobody has moved the window. */
  async #page(c, place, way, mark) {
    const session = this.on.session();
    if ((c.loading && way !== "AROUND") || !session?.ready) return;
    c.loading = true;
    c.revision++;
    this.on.changed();
    try {
      const page = await this.#ask(way, c.name, mark, PAGE);
      c.problem = null;
      const border = way === "BEFORE" ? c.first : c.last;
      if (way === "AROUND" ? c.hasNewer : mark === "msgid=" + border) await place(page);
    } catch (problem) {
      if (session.ready) c.problem = problem;
    }
    c.loading = false;
    c.revision++;
    this.on.changed();
  }

  older(c) {
    if (!c.hasOlder || !c.first) return this.load(c);
    const place = (page) => (c.hasOlder = addPage(c, "older", page, this.on.me()));
    return this.#page(c, place, "BEFORE", "msgid=" + c.first);
  }

  newer(c) {
    if (!c.hasNewer) return undefined;
    return this.#page(c, (page) => {
      if (addPage(c, "newer", page, this.on.me())) return undefined;
      c.hasNewer = false;
      return this.load(c);
    }, "AFTER", "msgid=" + c.last);
  }

  /** The newest, in the place of a window that is elsewhere. */
  latest(c) {
    Object.assign(c, { hasNewer: false, fresh: false, last: "", target: null });
    return this.load(c);
  }

  around(c, mark, id) {
    c.hasNewer = true;
    return this.#page(c, (page) => {
      addPage(c, "whole", page, this.on.me());
      const at = Date.parse(mark.slice(10));
      const found = c.items.find((item) => (id ? item.id === id : item.at >= at));
      Object.assign(c, { hasNewer: true, hasOlder: true, fresh: false, target: found?.key ?? null });
    }, "AROUND", mark);
  }

  /** All that is new, so that the window ends with what was said last; nothing of it twice. */
  async load(c) {
    const session = this.on.session();
    if (c.held || c.fresh || c.hasNewer || !session?.ready) return;
    c.held = [];
    const own = [...c.own.keys()];
    c.loading = true;
    this.on.changed();
    let all = false;
    try {
      all = await this.#catchUp(c);
      if (all) dropOwn(c, own);
      Object.assign(c, { fresh: all && c.held.length <= MOST_HELD && !c.own.size, problem: null });
    } catch (problem) {
      if (session.ready) c.problem = problem;
    }
    const held = c.held;
    Object.assign(c, { held: null, loading: false });
    if (all && !c.fresh) return this.load(c);
    if (c.fresh) for (const message of held) add(c, message, this.on.me());
    recount(c);
    if (c.unread) c.unreadFrom = c.marker;
    this.on.changed();
  }

  /** Whether it ends with what was said last now; not where somebody has jumped meanwhile. */
  async #catchUp(c) {
    const me = this.on.me();
    for (let pages = 0; c.first && c.last && pages < MOST_PAGES; pages++) {
      const { last } = c;
      const page = await this.#ask("AFTER", c.name, "msgid=" + last, PAGE).catch((problem) => {
        if (problem.code !== "INVALID_PARAMS") throw problem;
        return null; // a server that was restored from a backup doesn't know it
      });
      if (c.hasNewer) return false;
      if (!page) break;
      if (c.last === last && !addPage(c, "newer", page, me)) return true;
    }
    const page = await this.#ask("LATEST", c.name, "*", PAGE);
    if (c.hasNewer) return false;
    addPage(c, "whole", page, me);
    c.hasOlder = page.length > 0;
    return true;
  }

  /** Which conversations there are: [name, time of the newest message], the newest first. */
  async targets() {
    const lines = await this.#ask("TARGETS", END, BEGINNING, 1000);
    return lines.map(({ params }) => [params[1] ?? "", Date.parse(params[2]) || 0]);
  }
}
