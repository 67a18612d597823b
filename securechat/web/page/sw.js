/** Serves the page's own files when the server doesn't answer: see offline.js. It keeps nothing. */
const ROOT = new URL("./", location.href).href;
const PATIENCE = 8000; // ms

const kept = async (request) => (await caches.match(request)) ?? fetch(request);
const late = () => new Promise((_, refuse) => setTimeout(refuse, PATIENCE));

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.url.startsWith(`${ROOT}v/`)) event.respondWith(kept(request));
  else if (request.mode === "navigate" && request.url.split(/[?#]/)[0] === ROOT)
    event.respondWith(Promise.race([fetch(request), late()]).catch(() => kept(ROOT)));
});
