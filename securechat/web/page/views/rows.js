/** What of a conversation's items is drawn, and as which rows. Pure. */

/** So many are drawn at most; by so many the drawn part moves. */
export const MOST = 300;
export const STEP = 100;
// What one person says within these ms stands below one name.
const GROUP = 5 * 60_000;
const MOVES = new Set(["join", "part", "quit", "nick"]);

/**
 * The part that is drawn, as [from, to). part: {count} for the newest, or {first, last}: keys.
 * @returns {[number, number]}
 */
export function drawn(items, { first, last, count }) {
  if (count) return [Math.max(0, items.length - count), items.length];
  const from = Math.max(
    0,
    items.findIndex(({ key }) => key === first),
  );
  const to = items.findIndex(({ key }) => key === last) + 1;
  return [from, to > from ? to : Math.min(items.length, from + STEP)];
}

/** The part from one index to another: at most MOST; `keep` says which end stays. */
export function part(items, from, to, keep = "from") {
  from = Math.max(0, from);
  to = Math.min(items.length, to);
  if (keep === "from") to = Math.min(to, from + MOST);
  else from = Math.max(from, to - MOST);
  return { first: items[from]?.key, last: items[to - 1]?.key };
}

/**
 * Rows with day lines, the unread line, and people who come and go in one row.
 * @param {import("../types.js").Item[]} items
 * @param {{unreadFrom: number, events: boolean}} how
 */
export function rows(items, { unreadFrom, events }) {
  const all = [];
  let last = /** @type {any} */ (null);
  let night = 0;
  let unread = unreadFrom;
  for (const item of items) {
    const moves = item.kind === "event" && MOVES.has(item.what);
    if (moves && !events) continue;
    if (item.at >= night) {
      all.push((last = { kind: "day", key: `day ${item.key}`, at: item.at }));
      night = new Date(item.at).setHours(24, 0, 0, 0);
    }
    if (unread && item.at > unread && item.kind === "message") {
      if (!item.mine) all.push((last = { kind: "unread", key: "unread" }));
      unread = 0;
    }
    if (item.kind === "message") {
      const same =
        last?.item?.author === item.author &&
        item.at - last.item.at < GROUP &&
        !item.reply &&
        !item.action;
      all.push((last = { kind: "message", key: item.key, item, head: !same }));
    } else if (moves && last?.moves) last.items.push(item);
    else all.push((last = { kind: "event", key: item.key, items: [item], moves }));
  }
  return all;
}
