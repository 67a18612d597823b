/** The timeline of a conversation. A part of its items is drawn, and moves with scrolling. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { app, words } from "../app.js";
import { t } from "../text/index.js";
import { Events } from "./happened.js";
import { Message, dayOf } from "./message.js";
import { plain } from "./rich.js";
import { MOST, STEP, drawn, part, rows } from "./rows.js";

// Nearer than this to an edge, in px, more is drawn or fetched there.
const NEAR = 800;
// Where somebody was reading in the conversations that are closed, by key.
const places = new Map();

/** Where somebody was, if what they saw is there: it isn't after another login. */
function lastPlace({ key, items }) {
  const known = places.get(key);
  return items.some((item) => item.key === known?.aim[1]) ? known : opened();
}

/**
 * Where somebody is: `part` is what is drawn; `ends`: the end is in sight, and stays so; else `row`
 * stays where it is, `top` px below the upper edge. `aim`: what to go to after drawing: a row's
 * attribute and its value, px and share of the height above it. `fresh`: just opened, so the unread
 * line is looked for.
 */
const opened = () => ({
  part: { count: STEP },
  ends: true,
  row: null,
  top: 0,
  aim: null,
  fresh: true,
});

export function Timeline({ state, room }) {
  const [, redraw] = useState(0);
  const log = useRef(null);
  const place = useRef(null);
  const at = (place.current ??= lastPlace(room));
  const { items, key } = room;
  aim(at, room);
  const [from, to] = drawn(items, at.part);
  Object.assign(at, { room, from, to, length: items.length });
  const again = () => redraw((n) => n + 1);

  useLayoutEffect(() => {
    if (settle(log.current, at)) again();
  });
  useEffect(() => {
    const box = log.current;
    const sizes = new ResizeObserver(() => settle(box, at) && again());
    sizes.observe(box);
    sizes.observe(box.firstElementChild);
    const seen = () => read(at);
    addEventListener("focus", seen);
    return () => {
      sizes.disconnect();
      removeEventListener("focus", seen);
      places.delete(key);
      const aim = ["data-key", at.row?.dataset.key, at.top];
      if (!at.ends) places.set(key, { ...at, room: null, row: null, aim });
    };
  }, []);
  useEffect(() => read(at), [room.revision, at.ends]);

  const newest = () => {
    if (room.hasNewer) app.latest(key);
    goToEnd(at, key, at.said);
    again();
  };
  const top = t(room.loading ? "timeline.loading" : "timeline.begin");
  return html`<div class="log" role="log" aria-live="off" aria-busy=${room.loading} tabindex="0"
      aria-label=${t("timeline", { name: room.name })} ref=${log}
      onScroll=${() => look(log.current, at) && again()}
      onKeyDown=${(event) => keys(event, newest)} onClick=${touched}>
      <ol>
        ${
          from === 0 &&
          (room.loading || !room.hasOlder) &&
          html`<li key="begin" class="split">${top}</li>`
        }
        ${useRows(state, room, items.slice(from, to), at.found)}
      </ol>
      ${room.problem && html`<p class="problem split">${words(room.problem)}</p>`}
    </div>
    <${Spoken} room=${room} />
    <div class="over">${
      !at.ends &&
      html`<button class="newest" onClick=${newest}>↓ ${t("timeline.newest")}
      ${room.unread > 0 && html` <span class="count">${room.unread}</span>`}</button>`
    }</div>`;
}

/** The rows for Preact; what is the same as before is the same object, and costs nothing. */
function useRows(state, room, items, found) {
  const kept = useRef(new Map());
  const how = { room: room.key, own: state.me.account, person: room.kind === "person" };
  const outside = how.own + document.documentElement.lang;
  const next = new Map();
  const { unreadFrom } = room;
  const kids = rows(items, { unreadFrom, events: state.settings.events }).map((row) => {
    const what = row.item ?? row.items?.at(-1) ?? row.at;
    const known = kept.current.get(row.key);
    const mark = outside + (row.key === found) + row.head;
    const same = known && known.what === what && known.mark === mark;
    // A message that is quoted may be found only later.
    const kid =
      same && !row.item?.reply ? known.kid : draw(row, { ...how, found: row.key === found });
    next.set(row.key, { what, mark, kid });
    return kid;
  });
  kept.current = next;
  return kids;
}

function draw(/** @type {any} */ { key, kind, item, head, items, moves, at }, how) {
  if (kind === "message") return html`<${Message} key=${key} ...${{ item, head, ...how }} />`;
  if (kind === "event") return html`<${Events} key=${key} ...${{ items, moves }} />`;
  return html`<li key=${key} class=${kind === "day" ? "split" : "split new"}>
    ${kind === "day" ? dayOf(at) : t("timeline.unread")}</li>`;
}

/** Have that part drawn in which the message is that was jumped to, or what is unread begins. */
function aim(at, { key, items, target, unreadFrom, loading }) {
  const last = items.at(-1);
  if (last?.delivery === "pending" && last.key !== at.said) goToEnd(at, key, last.key);
  let index = -1;
  if (target) {
    index = items.findIndex((item) => item.key === target);
    if (index >= 0)
      Object.assign(at, { found: target, aim: ["data-key", target, 0, 0.4], fresh: false });
  } else if (at.fresh && !loading && items.length) {
    at.fresh = false;
    if (unreadFrom) index = items.findIndex((item) => item.at > unreadFrom && !item.mine);
    if (index >= 0) at.aim = ["class", "split new", 0, 0.15];
  }
  if (index >= 0) Object.assign(at, { ends: false, part: part(items, index - STEP, index + STEP) });
}

/** To the end, also if it has to be fetched first. */
function goToEnd(at, key, said) {
  Object.assign(at, { part: { count: STEP }, ends: true, wanted: true, said });
  app.follow(key, true);
}

/** After drawing: stay at the end, or keep the row in sight. True: it has to be drawn again. */
function settle(box, at) {
  if (at.aim) {
    const [name, value, top, share = 0] = at.aim;
    at.aim = null;
    at.row = box.querySelector(`[${name}="${CSS.escape(value ?? "")}"]`);
    at.top = top + share * box.clientHeight;
    if (at.room.target) {
      at.row?.focus({ preventScroll: true });
      app.arrived(at.room.key);
    }
  }
  if (at.ends) box.scrollTop = box.scrollHeight;
  else if (at.row?.isConnected) {
    const by = at.row.offsetTop - box.scrollTop - at.top;
    if (by) box.scrollTop += by;
  }
  return look(box, at);
}

/** Notes what is in sight, and asks for more near an edge. True: another part is to be drawn. */
function look(box, at) {
  if (!box.isConnected) return false; // another room is shown, and this one is about to be put away
  const { from, to, length, room } = at;
  const { items, key, hasOlder, hasNewer, loading } = room;
  const below = box.scrollHeight - box.scrollTop - box.clientHeight;
  const ends = (below < 30 && to === length && !hasNewer) || (at.wanted && hasNewer) || at.fresh;
  if (!hasNewer) at.wanted = false;
  const turned = ends !== at.ends;
  at.ends = ends;
  at.row = firstSeen(box);
  at.top = at.row ? at.row.offsetTop - box.scrollTop : 0;
  if (turned) {
    app.follow(key, ends);
    at.part = ends ? { count: Math.min(to - from, MOST) } : part(items, from, to);
  }
  if (box.scrollTop < NEAR && from > 0 && !(ends && to - from >= MOST))
    at.part = ends ? { count: to - from + STEP } : part(items, from - STEP, to);
  else if (below < NEAR && to < length) at.part = part(items, from, to + STEP, "to");
  else {
    if (box.scrollTop < NEAR && from === 0 && hasOlder && !loading) app.older(key);
    else if (below < NEAR && hasNewer && !loading) app.newer(key);
    return turned;
  }
  return true;
}

/**
 * The first message in sight: rows stand one below the other, so halving finds it. Other rows
 * change when something comes before them.
 */
function firstSeen(box) {
  const all = box.firstElementChild.children;
  let low = 0;
  let high = all.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle].offsetTop + all[middle].offsetHeight > box.scrollTop) high = middle;
    else low = middle + 1;
  }
  let row = all[low];
  while (row?.matches(".split, .event")) row = row.nextElementSibling;
  return row ?? all[low];
}

/** What is in sight is read, when somebody looks. */
function read({ room, ends, fresh }) {
  if (ends && !fresh && document.hasFocus() && (room.unread || room.latest > room.marker))
    app.markRead(room.key);
}

/** On a phone a touch shows what can be done with a message; some browsers don't focus it. */
function touched({ target }) {
  if (matchMedia("(hover: none)").matches && !target.closest("a, button"))
    target.closest("li")?.focus({ preventScroll: true });
}

/** Arrows go from message to message, Enter opens what can be done with one. */
function keys(event, newest) {
  if (event.target.closest("button, a")) return;
  const row = document.activeElement?.closest("li");
  const all = [...event.currentTarget.querySelectorAll("li[data-key]")];
  const go = (to) => to?.focus();
  const press = (what) => /** @type {HTMLElement} */ (row?.querySelector(what))?.click();
  const acts = {
    ArrowUp: () => go(row ? all[all.indexOf(row) - 1] : all.at(-1)),
    ArrowDown: () => go(row ? all[all.indexOf(row) + 1] : all.at(-1)),
    End: newest,
    Enter: () => press(".more"),
    KeyR: () => press(".tools button"),
    Escape: () => go(document.getElementById("said")),
  };
  const act = acts[event.key] ?? acts[event.code]; // letters by their place, in any layout
  if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  act();
}

/** Reads new messages out; of a flood only how many there are. */
function Spoken({ room }) {
  const [text, setText] = useState("");
  const until = useRef(Infinity); // what is there when it opens isn't new
  useEffect(() => {
    const tell = () => {
      if (until.current === Infinity && !room.loading) until.current = room.latest;
      if (room.latest <= until.current || room.hasNewer) return;
      const said = room.items
        .slice(-99)
        .filter((one) => one.author && !one.mine && one.at > until.current);
      until.current = room.latest;
      if (said.length > 3) setText(t("timeline.many", { n: said.length }));
      else if (said.length)
        setText(said.map((one) => `${one.author}: ${plain(one.text).slice(0, 300)}`).join("\n"));
    };
    tell();
    const timer = setInterval(tell, 1000);
    return () => clearInterval(timer);
  }, [room]);
  return html`<div class="hidden" aria-live="polite">${text}</div>`;
}
