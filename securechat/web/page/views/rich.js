/** What is shown of a text: without control characters, with links, rooms, code, the own name. */
import { html } from "../html.js";
import { app } from "../app.js";
import { literal } from "../irc/message.js";

export { plain } from "../text/index.js";

const IN_NAME = "[\\p{L}\\p{N}_\\-\\[\\]\\\\`^{}|]";

let finder = { of: null, at: /$^/ };
/** Finds code, addresses, rooms, and the own name. */
function parts(name) {
  if (finder.of !== name) {
    const own = name && `|(?<!${IN_NAME})(${literal(name)})(?!${IN_NAME})`;
    const code = "```([^]+?)```\\n?|`([^`\\n]+)`";
    finder = {
      of: name,
      at: new RegExp(
        `${code}|(https?://[^\\s<>"]+)|(?<![^\\s(])(#(?!\\d+\\b)[^\\s,:;.!?()]+)${own}`,
        "giu",
      ),
    };
  }
  return finder.at;
}

/** An address without the punctuation after it; a step a character, however many of them there are. */
function trimmed(address) {
  const ends = `.,:;!?'"»”*${address.includes("(") ? "" : ")"}`;
  let to = address.length;
  while (to && ends.includes(address[to - 1])) to--;
  return address.slice(0, to);
}

/** A text with its addresses as links, its rooms as buttons, and its code apart. */
export function rich(text, name) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(parts(name))) {
    let [part, block, code, address, room] = match;
    let shown = html`<mark>${part}</mark>`;
    if (block) shown = html`<pre>${block.trim()}</pre>`;
    else if (code) shown = html`<code>${code}</code>`;
    else if (room) shown = html`<${Room} name=${room} />`;
    else if (address) {
      part = trimmed(address);
      if (!(/** @type {any} */ (URL).canParse(part))) continue;
      shown = html`<${Link} address=${part} />`;
    }
    found.push(text.slice(from, match.index), shown);
    from = match.index + part.length;
  }
  return found.length ? [...found, text.slice(from)] : text;
}

function Link({ address }) {
  const { href, hostname, username } = new URL(address);
  // It may look like another host: by letters of another script, or by a name before the @.
  const odd = username || /xn--.*\.[a-z]+$/.test(hostname);
  return html`<a href=${href} title=${href} target="_blank" rel="noopener noreferrer">${address}</a>
    ${odd && html` <small>[${hostname}]</small>`}`;
}

function Room({ name }) {
  const enter = () => app.join(name).catch(app.complain);
  return html`<button class="link" tabindex="-1" onClick=${enter}>${name}</button>`;
}
