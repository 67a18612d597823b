/** What a word that is being typed may become. */
import { COMMANDS } from "./commands.js";

/**
 * What the word before the caret may become: a command, a room, or a name: who spoke last first.
 * @returns {{word: string, found: string[]}} each found with the space after it
 */
export function offers(state, room, before) {
  const word = before.split(/\s/).at(-1) ?? "";
  const first = word === before;
  const fits = (name) => name.toLowerCase().startsWith(word.toLowerCase().replace(/^@/, ""));
  let found = [];
  if (word[0] === "/") found = first ? Object.keys(COMMANDS).map((name) => `/${name}`) : [];
  else if (word[0] === "#") found = [...state.conversations.values()].map(({ name }) => name);
  else if (word) found = named(room).filter((name) => name !== state.me.account);
  const end = first && /[^/#]/.test(word[0]) ? ": " : " ";
  return { word, found: found.filter(fits).map((name) => name + end) };
}

function named({ items, members }) {
  const spoke = items
    .slice(-99)
    .reverse()
    .map(({ author }) => author);
  const here = [...members.values()].map(({ name }) => name);
  return [...new Set([...spoke.filter(Boolean), ...here])];
}

/** Goes through the offers for one word, one more each time it is asked. */
export class Completion {
  /** @type {string[]} */
  #found = [];
  #at = 0;
  #from = 0;

  /** Something else was typed. */
  end() {
    this.#found = [];
  }

  /** Whether it is on its way through them. */
  get going() {
    return this.#found.length > 0;
  }

  /**
   * The next word, and where it begins; null if there is none.
   * @param {(before: string) => {word: string, found: string[]}} offered
   */
  next(before, back, offered) {
    if (!this.going) {
      const { word, found } = offered(before);
      this.#found = found;
      this.#from = before.length - word.length;
      this.#at = back ? 0 : -1;
    }
    if (!this.going) return null;
    const count = this.#found.length;
    this.#at = (this.#at + (back ? -1 : 1) + count) % count;
    return { word: this.#found[this.#at], from: this.#from };
  }
}
