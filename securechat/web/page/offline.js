/** The page opens without its server: its own files are kept, and a worker serves them. */
import { LANGUAGES, load } from "./text/index.js";

const HERE = new URL(".", import.meta.url).href; // with the version
const ROOT = new URL("../../", HERE).href;

export async function keepOffline() {
  // `securechat open` serves the page itself, below another path each time.
  if (location.protocol !== "https:" || !navigator.serviceWorker) return;
  const rules = { createScriptURL: () => "./sw.js" };
  const { trustedTypes } = /** @type {any} */ (window);
  const worker = trustedTypes?.createPolicy("securechat", rules).createScriptURL("") ?? "./sw.js";
  try {
    await Promise.all(Object.keys(LANGUAGES).map(load));
    await navigator.serviceWorker.register(/** @type {any} */ (worker));
    const cache = await caches.open(HERE);
    const index = await fetch(ROOT);
    if (!(await index.clone().text()).includes(HERE.slice(ROOT.length))) return; // a newer one
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    await cache.addAll([...new Set(loaded)].filter((name) => name.startsWith(HERE)));
    await cache.put(ROOT, index);
    const old = (await caches.keys()).filter(
      (name) => name !== HERE && name.startsWith(`${ROOT}v/`),
    );
    await Promise.all(old.map((name) => caches.delete(name)));
  } catch {
    // A certificate that the browser was told to accept isn't enough for a worker.
  }
}
