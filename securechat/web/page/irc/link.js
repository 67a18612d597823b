/** A session over all its connections: connects, logs in, and comes back by itself. */
import { Session } from "./session.js";
import { delay, diagnose, openSocket } from "./socket.js";

export class Link {
  /** @param {import("../types").LinkEars} on */
  constructor(on) {
    this.on = on;
    this.session = null;
    this.socket = null;
    this.said = null;
    this.credential = null;
    this.attempt = this.timer = 0;
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.now();
    });
  }

  get ready() {
    return !!this.session?.ready;
  }

  /** credential: null only looks at what the server offers. */
  start(credential) {
    this.stop();
    this.credential = credential;
    this.attempt = 0;
    this.#connect();
  }

  stop() {
    const { session, socket } = this;
    clearTimeout(this.timer);
    this.credential = this.session = this.socket = this.said = null;
    session?.lost();
    socket?.close();
  }

  /** Don't wait any longer; or look whether the connection lives, as after a sleep. */
  now() {
    if (this.socket) this.socket.ask();
    else if (this.credential) this.#connect();
  }

  #connect() {
    clearTimeout(this.timer);
    const { credential } = this;
    const session = new Session(credential, (line) => socket.send(line), {
      offered: () => {
        this.on.offered(session);
        if (!credential) this.stop();
      },
      ready: (nick) => {
        this.attempt = 0;
        this.on.ready(nick, session);
      },
      refused: (problem, passing) => {
        if (session !== this.session) return;
        if (passing) return void (this.said = problem);
        this.stop();
        this.on.refused(problem);
      },
      message: (message) => session === this.session && this.on.message(message),
    });
    const socket = openSocket({
      opened: () => session.start(),
      line: (line) => session === this.session && session.receive(line),
      closed: (opened, left) => session === this.session && this.#closed(opened, left),
    });
    this.session = session;
    this.socket = socket;
  }

  async #closed(opened, left) {
    const { session } = this;
    const { credential, said } = this;
    this.session = this.socket = this.said = null;
    session.lost();
    this.on.lost(left);
    if (credential !== this.credential) return;
    if (credential) this.timer = setTimeout(() => this.now(), delay(this.attempt++));
    const code = opened ? "LOST" : await diagnose();
    // Meanwhile somebody may have begun anew, or the next attempt may have got through.
    if (!this.ready && credential === this.credential) this.on.failed(said ?? { code, text: "" });
  }
}
