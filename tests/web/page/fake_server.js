// A server in the page, in the place of its WebSocket: enough for a login, a room and its history.
class FakeServer {
  constructor() {
    this.up = true;
    this.accounts = { alice: "otter" };
    this.tokens = {};
    this.log = [];
    this.heard = [];
    this.sockets = [];
    this.refuses = {}; // command: the rest of its FAIL
    this.silent = new Set(); // commands that aren't answered
  }

  stored(source, text, tags = {}) {
    const id = `m${this.log.length}`;
    const time = new Date(Date.UTC(2026, 0, 1) + 1000 * this.log.length).toISOString();
    this.log.push({ id, key: tags["securechat/key"], line: `:${source}!u@s PRIVMSG #den :${text}`, time });
    return this.log.at(-1);
  }

  /** Somebody says something; who is online hears it. */
  says(source, text) {
    const entry = this.stored(source, text);
    for (const socket of this.sockets) if (socket.account) socket.says(this.line(entry));
  }

  line({ id, time, line }, more = "") {
    return `@msgid=${id};time=${time}${more} ${line}`;
  }

  /** As kill -9. */
  dies() {
    this.up = false;
    for (const socket of this.sockets.splice(0)) socket.onclose?.({ code: 1006 });
  }

  hear(socket, raw) {
    this.heard.push(raw);
    const [, , tagged = "", line] = /^(@(\S+) )?(.*)$/s.exec(raw);
    const tags = Object.fromEntries(tagged.split(";").map((tag) => tag.split("=")));
    const [head, ...rest] = line.split(" :");
    const [command, ...params] = [...head.split(" "), ...(rest.length ? [rest.join(" :")] : [])];
    if (this.silent.has(command)) return;
    const label = tags.label ? `@label=${tags.label} ` : "";
    if (this.refuses[command]) socket.says(`${label}:s FAIL ${command} ${this.refuses[command]}`);
    else this[command]?.(socket, params, label, tags);
  }

  CAP(socket, [verb, names]) {
    const offered = "sasl labeled-response draft/account-registration=securechat/min-password=12";
    if (verb === "LS") socket.says(`:s CAP * LS :${offered}`);
    if (verb === "REQ") socket.says(`:s CAP * ACK :${names}`);
    if (verb === "END") this.welcome(socket);
  }

  AUTHENTICATE(socket, [word]) {
    if (word === "PLAIN") return socket.says("AUTHENTICATE +");
    const [, account, password] = atob(word).split("\0");
    const known = this.accounts[account] === password || this.tokens[password] === account;
    if (known) socket.account = account;
    socket.says(known ? `:s 903 ${account} :ok` : `:s 904 ${account} :wrong account or password`);
  }

  welcome(socket) {
    const { account } = socket;
    socket.says(`:s 001 ${account} :hi`, `:s 422 ${account} :no motd`);
    socket.says(`:${account}!u@s JOIN #den`, `:s 332 ${account} #den :otters`);
  }

  TOKEN(socket, [verb, name], label) {
    if (verb === "CREATE") {
      const secret = `sct1_${name}`;
      this.tokens[secret] = socket.account;
      socket.says(`${label}:s NOTE TOKEN CREATED ${name} ${secret} :shown once`);
    } else {
      delete this.tokens[`sct1_${name}`];
      socket.says(`:s ERROR :revoked`);
      socket.onclose?.({ code: 1006 });
    }
  }

  WHO(socket, [name], label) {
    socket.says(`${label}:s 354 ${socket.account} ${socket.account} H*~@`);
  }

  MARKREAD(socket, [name, time = "*"], label) {
    socket.says(`${label}:s MARKREAD ${name} ${time}`);
  }

  MODE(socket, params, label) {
    socket.says(`${label}:s 324 x #den +nt`);
  }

  CHATHISTORY(socket, [way, , mark, limit], label) {
    if (way === "TARGETS") {
      const last = this.log.at(-1);
      const lines = last ? [`@batch=h :s CHATHISTORY TARGETS #den ${last.time}`] : [];
      return socket.says(`${label}:s BATCH +h draft/chathistory-targets`, ...lines, ":s BATCH -h");
    }
    const at = this.log.findIndex(({ id }) => `msgid=${id}` === mark);
    const found = { LATEST: () => this.log.slice(-limit), AFTER: () => this.log.slice(at + 1, at + 1 + +limit),
      BEFORE: () => this.log.slice(Math.max(0, at - limit), at) }[way]();
    const lines = found.map((entry) => this.line(entry, ";batch=h"));
    return socket.says(`${label}:s BATCH +h chathistory #den`, ...lines, ":s BATCH -h");
  }

  PRIVMSG(socket, [, text], label, tags) {
    const known = this.log.find(({ key }) => key === tags["securechat/key"]);
    const entry = known ?? this.stored(socket.account, text, tags);
    const echo = this.line(entry);
    socket.says(echo.replace("@", `@label=${tags.label};`));
    if (known) return;
    for (const other of this.sockets) if (other !== socket && other.account) other.says(echo);
  }
}

globalThis.server = new FakeServer();
globalThis.WebSocket = class {
  constructor() {
    this.readyState = 0;
    setTimeout(() => {
      if (!server.up) return this.onerror?.({});
      this.readyState = 1;
      server.sockets.push(this);
      this.onopen?.();
    });
  }

  says(...lines) {
    for (const data of lines) this.onmessage?.({ data });
  }

  send(line) {
    queueMicrotask(() => server.hear(this, line));
  }

  close() {
    this.readyState = 3;
    server.sockets = server.sockets.filter((one) => one !== this);
  }
};

/** Wait until a condition holds. */
globalThis.until = async (condition) => {
  for (let tries = 0; tries < 500; tries++) {
    if (condition()) return true;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`never: ${condition}`);
};
