/** What can be typed instead of a message: /join #room, /me waves. */
import { app } from "../app.js";
import { t } from "../text/index.js";

const channel = (name) => (name.startsWith("#") ? name : `#${name}`);
const role = (letter, on) => (room, rest) =>
  Promise.all(rest.split(/\s+/).map((name) => app.setRole(room.key, name, letter, on)));
/** The first word, and the rest. */
const split = (text) => (/^(\S*)\s*([^]*)$/.exec(text) ?? []).slice(1);
const named = (action) => (room, rest) => app[action](room.key, ...split(rest));

/** By name: [how many words it needs, what it does with the room and the rest of the line]. */
export const COMMANDS = {
  me: [1, (room, rest) => app.say(room.key, rest, { action: true })],
  join: [1, (room, rest) => app.join(channel(split(rest)[0]), split(rest)[1])],
  part: [0, (room, rest) => app.part(rest ? channel(rest).toLowerCase() : room.key)],
  msg: [
    2,
    (room, rest) => {
      const [name, text] = split(rest);
      app.talk(name);
      app.say(app.state.current, text);
    },
  ],
  query: [1, (room, rest) => app.talk(rest)],
  topic: [1, (room, rest) => app.setTopic(room.key, rest)],
  invite: [1, named("invite")],
  kick: [1, named("kick")],
  ban: [1, (room, rest) => app.ban(room.key, rest)],
  unban: [1, (room, rest) => app.ban(room.key, rest, false)],
  op: [1, role("@", true)],
  deop: [1, role("@", false)],
  voice: [1, role("+", true)],
  devoice: [1, role("+", false)],
  away: [0, (room, rest) => app.setAway(rest || t("away"))],
  back: [0, () => app.setAway("")],
  search: [0, (_, query) => app.show({ name: "search", query })],
  help: [0, () => app.show({ name: "help" })],
};

/**
 * Say a text, or do what it asks for. Two slashes say a text that begins with one.
 * @returns {Promise<any>} rejects with {text}
 */
export async function run(room, text, reply) {
  const [, name, rest] = /^\/(?!\/)(\S*)\s*([^]*)$/.exec(text) ?? [];
  if (name === undefined) return app.say(room.key, text.replace(/^\/\//, "/"), { reply });
  const known = name.toLowerCase();
  const [words, act] = Object.hasOwn(COMMANDS, known) ? COMMANDS[known] : [];
  if (!act) throw { text: t("command.unknown", { name }) };
  if (rest.split(/\s+/).filter(Boolean).length < words) throw { text: t("command.more", { name }) };
  return act(room, rest.trim());
}
