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
/** All values whose keys begin so, as [rest of the key, value]. */
export async function loadAll(prefix) {
  const range = IDBKeyRange.bound(prefix, prefix + "\uffff");
  const keys = await run("values", "readonly", (store) => store.getAllKeys(range)).catch(() => {});
  const values = await run("values", "readonly", (store) => store.getAll(range)).catch(() => {});
  return (keys ?? []).map((key, at) => [String(key).slice(prefix.length), values?.[at]]);
}

export const keep = (entry) =>
  run("outbox", "readwrite", (store) => store.put(entry, entry.key)).catch(() => {});
export const drop = (key) => run("outbox", "readwrite", (store) => store.delete(key)).catch(() => {});
export const kept = async () =>
  (await run("outbox", "readonly", (store) => store.getAll()).catch(() => [])) ?? [];
