/** What this browser keeps: settings, the device's token, drafts, and what isn't known to be stored. */

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
    asked.onsuccess = () => done(asked.result);
    asked.onerror = asked.onblocked = () => done(null);
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

export const load = (key) => run("values", "readonly", (store) => store.get(key)).catch(() => {});
/** undefined takes it away. */
export const save = (key, value) =>
  run("values", "readwrite", (store) =>
    value === undefined ? store.delete(key) : store.put(value, key)).catch(() => {});
export const keep = (entry) =>
  run("outbox", "readwrite", (store) => store.put(entry, entry.key)).catch(() => {});
export const drop = (key) => run("outbox", "readwrite", (store) => store.delete(key)).catch(() => {});
export const kept = async () =>
  (await run("outbox", "readonly", (store) => store.getAll()).catch(() => [])) ?? [];

// Drafts and names of rooms lie apart, where they are written at once: also while the page is being closed.

/** A null value takes it away. */
export function note(key, value) {
  try {
    if (value) localStorage.setItem(key, JSON.stringify(value));
    else localStorage.removeItem(key);
  } catch {
    // It is full, or switched off: then it lasts as long as the page.
  }
}
export function noted(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}
/** One, those whose keys begin so, and the place in this tab. */
export function dropNotes(one, prefix) {
  try {
    for (const key of Object.keys(localStorage))
      if (key === one || key.startsWith(prefix)) localStorage.removeItem(key);
    sessionStorage.clear();
  } catch {
    // Switched off.
  }
}

// Where somebody is in this tab, for a reload.

export function place(key) {
  try {
    sessionStorage.setItem("current", key);
  } catch {
    // Switched off.
  }
}
export function placed() {
  try {
    return sessionStorage.getItem("current");
  } catch {
    return null;
  }
}
