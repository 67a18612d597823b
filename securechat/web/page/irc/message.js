/** IRC lines, both ways. https://modern.ircdocs.horse, https://ircv3.net/specs/extensions/message-tags */

/** @typedef {import("../types").Answer} Message */

const ESCAPES = { ";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n" };
const MEANINGS = { ":": ";", s: " ", r: "\r", n: "\n" };
const MOST_TAGS = 100;
const encoder = new TextEncoder();

export const bytes = (/** @type {string} */ text) => encoder.encode(text).length;
export const escapeTag = (text) => text.replace(/[; \\\r\n]/g, (char) => ESCAPES[char]);

/** A line as a message; null for what is none. */
export function parse(/** @type {string} */ line) {
  const match = /^(?:@([^ ]+) +)?(?::([^ ]+) +)?([A-Za-z0-9]+)(.*)$/s.exec(line.slice(0, 20_000));
  if (!match) return null;
  const [, tagged = "", source = "", command, rest] = match;
  const tags = Object.create(null); // a tag may be called __proto__
  for (const tag of tagged.split(";", MOST_TAGS)) {
    const at = (tag + "=").indexOf("=");
    const value = tag.slice(at + 1);
    if (at) tags[tag.slice(0, at)] = value.replace(/\\(.?)/gs, (_, char) => MEANINGS[char] ?? char);
  }
  const [, middle, , last] = /^(.*?)( :(.*))?$/s.exec(rest) ?? [];
  const params = middle.split(" ").filter(Boolean);
  if (last !== undefined) params.push(last);
  return { tags, source, command: command.toUpperCase(), params };
}

export const nickOf = (/** @type {Message} */ message) => message.source.slice(0, 200).split("!", 1)[0];

/** A line; line ends within it become spaces, so nothing that somebody types is a second command. */
export function format(command, params = [], tags = {}) {
  const known = Object.entries(tags).filter(([, value]) => value || value === "");
  const head = known.map(([key, value]) => (value ? `${key}=${escapeTag(value)}` : key)).join(";");
  const words = params.map((param, at) => {
    const word = String(param).replace(/[\r\n\0]/g, " ");
    if (at < params.length - 1) return word.replaceAll(" ", "") || "*";
    return !word || /^:| /.test(word) ? ":" + word : word;
  });
  return [head && "@" + head, command, ...words].filter(Boolean).join(" ");
}

/** A text in pieces of at most so many bytes each, never within a character; between words if it can. */
export function pieces(/** @type {string} */ text, /** @type {number} */ most) {
  const found = [""];
  let size = 0;
  for (const word of text.split(/(?<=\s)(?=\S)/)) {
    for (const part of bytes(word) > most ? word : [word]) {
      const more = bytes(part);
      if (size + more > most && size) (found.push(""), (size = 0));
      found[found.length - 1] += part;
      size += more;
    }
  }
  return found;
}

/** AUTHENTICATE lines of SASL PLAIN. https://ircv3.net/specs/extensions/sasl-3.1 */
export function saslPlain(account, password) {
  const payload = btoa(String.fromCharCode(...encoder.encode(`\0${account}\0${password}`)));
  const chunks = /** @type {string[]} */ (payload.match(/.{1,400}/g) ?? []);
  if (payload.length % 400 === 0) chunks.push("+");
  return chunks.map((chunk) => "AUTHENTICATE " + chunk);
}

/** A text for a regular expression that finds just it: no more is escaped, which "u" refuses. */
export const literal = (/** @type {string} */ text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** The form in which names are compared (RFC 8265, as near as a browser comes). */
export const fold = (name = "") => name.normalize("NFKC").toLowerCase();
