/** What this browser keeps: settings, the device's token, drafts, and what isn't known to be stored. */

/**
 * By HTTP comes the page of `securechat open`, and whoever has its port next could read what it has kept:
 * so there all of it ends with the tab, also where that command was killed.
 */
const brief = location.protocol === "http:";

/** @type {Promise<IDBDatabase|null>|undefined} */
let opened;

/** null where the browser keeps nothing, as in some private windows: then it lasts as long as the tab. */
function database() {
  opened ??= new Promise((done) => {
    const asked = indexedDB.open("securechat", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("values");
      asked.result.createObjectStore("outbox");
    };
    asked.onsuccess = () => {
      const base = asked.result;
      // Another version of the page may want another form of it.
      base.onversionchange = base.onclose = () => (base.close(), (opened = undefined));
      done(base);
    };
    asked.onerror = asked.onblocked = () => done(null);
    setTimeout(done, 10_000, null); // some browsers forget to answer
  });
  return opened;
}

/** @param {(store: IDBObjectStore) => IDBRequest} ask */
async function run(store, mode, ask) {
  const base = await database().catch(() => null);
  if (!base) return undefined;
  return new Promise((done, failed) => {
    const action = base.transaction(store, mode);
    const asked = ask(action.objectStore(store));
    if (mode === "readwrite") action.commit(); // else a page that goes takes it along
    action.oncomplete = () => done(asked.result);
    action.onerror = action.onabort = () => failed(action.error);
  });
}

// Small things, as JSON in the storage of that name, where they are written at once: also while the page
// is being closed. That is full or switched off at times: then they last as long as the page.

const open = (/** @type {"localStorage" | "sessionStorage"} */ area) => self[area];

/** Whether it is there. */
function put(area, key, value) {
  try {
    if (value) open(area).setItem(key, JSON.stringify(value));
    else open(area).removeItem(key);
    return true;
  } catch {
    return false;
  }
}
function get(area, key) {
  try {
    return JSON.parse(open(area).getItem(key) ?? "null");
  } catch {
    return null;
  }
}
function keys(area, prefix) {
  try {
    return Object.keys(open(area)).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

/** Of this tab: where somebody is in it, for a reload. A null value takes it away. */
export const place = (key, value) => put("sessionStorage", key, value);
export const placed = (key) => get("sessionStorage", key);

const NOTES = brief ? "sessionStorage" : "localStorage";
/** Settings, drafts and names of rooms. A null value takes it away. */
export const note = (key, value) => put(NOTES, key, value);
export const noted = (key) => get(NOTES, key);
/** One, those whose keys begin so, and all of this tab. */
export function dropNotes(one, prefix) {
  for (const key of [one, ...keys(NOTES, prefix)]) put(NOTES, key, null);
  for (const key of keys("sessionStorage", "")) place(key, null);
}

const LASTING = {
  load: (key) => run("values", "readonly", (store) => store.get(key)).catch(() => {}),
  save: (key, value) =>
    run("values", "readwrite", (store) =>
      value === undefined ? store.delete(key) : store.put(value, key)).catch(() => {}),
  keep: (entry) =>
    run("outbox", "readwrite", (store) => store.put(entry, entry.key)).then((key) => !!key, () => false),
  drop: (key) => run("outbox", "readwrite", (store) => store.delete(key)).catch(() => {}),
  kept: async () => (await run("outbox", "readonly", (store) => store.getAll()).catch(() => [])) ?? [],
};
const BRIEF = {
  load: async (key) => placed("value " + key) ?? undefined,
  save: async (key, value) => place("value " + key, value),
  keep: async (entry) => place("unsent " + entry.key, entry),
  drop: async (key) => place("unsent " + key, null),
  kept: async () => keys("sessionStorage", "unsent ").map(placed),
};
/** save(key, undefined) takes it away. keep(entry) tells whether it is kept. */
export const { load, save, keep, drop, kept } = brief ? BRIEF : LASTING;
