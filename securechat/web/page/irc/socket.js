/** One WebSocket, and when the next one is due. https://ircv3.net/specs/extensions/websocket */

const QUIET = 30_000;
const PATIENCE = 10_000;

/**
 * Lines in and out. `closed(opened, left)` is called once, however it ends; left: the other end has
 * said that it is gone for good (RFC 6455, section 7.4.1).
 * @param {{line: (text: string) => void, opened: () => void,
 *   closed: (opened: boolean, left: boolean) => void}} on
 */
export function openSocket(on) {
  const url = new URL("socket", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url, "text.ircv3.net");
  let opened = false;
  let ended = false;
  let timer = setTimeout(end, PATIENCE);

  function end(left = false) {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    socket.close();
    on.closed(opened, left);
  }
  /** A connection that has died says nothing: so ask, when it was quiet for long. */
  function heard() {
    clearTimeout(timer);
    timer = setTimeout(ask, QUIET);
  }
  function ask() {
    if (ended) return;
    socket.send("PING alive");
    clearTimeout(timer);
    timer = setTimeout(end, PATIENCE);
  }
  socket.onopen = () => ((opened = true), heard(), on.opened());
  socket.onmessage = ({ data }) => {
    if (ended || typeof data !== "string") return;
    heard();
    on.line(data);
  };
  socket.onerror = () => end();
  socket.onclose = ({ code }) => end(code === 1001);
  return {
    send: (/** @type {string} */ line) => socket.readyState === 1 && socket.send(line),
    close: () => end(),
    ask: () => socket.readyState === 1 && ask(),
  };
}

/** Milliseconds to wait before the nth attempt: longer each time, and by chance, so that not all come at once. */
export const delay = (/** @type {number} */ attempt) =>
  Math.min(60_000, 1000 * 2 ** attempt) * (0.3 + 0.7 * Math.random());

/** What the server says without a WebSocket: {version: of its page, port: of other clients}; rejects if nothing. */
export const askVersion = () =>
  fetch("version.json", { cache: "no-store", signal: /** @type {any} */ (AbortSignal).timeout(PATIENCE) })
    .then((answer) => answer.json());

/** Why there is no connection: GONE (nothing answers), or NO_SOCKET (only WebSockets fail). */
export const diagnose = () => askVersion().then(() => "NO_SOCKET", () => "GONE");
