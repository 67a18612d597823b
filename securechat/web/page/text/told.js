/** What the server tells people, as it says it, with our words in each language. */
import { fill, language, t } from "./index.js";

const KEPT = String.raw`is kept on this server(?: for (?<days>\d+) days?)?`;
const LOGIN = String.raw`(?<where>\S+)(?: \((?<how>[^)]*)\))? on (?<at>[\d-]+ [\d:]+) UTC, a new place or device\.`;

/** {how}: by what somebody has logged in. */
const HOW = {
  password: { en: "password", ru: "пароль" },
  "password and code": { en: "password and code", ru: "пароль и код" },
  token: { en: "device", ru: "устройство" },
  certificate: { en: "certificate", ru: "сертификат" },
};

/**
 * With a key where the words are used elsewhere, too.
 * @type {[RegExp, any][]}
 */
export const TOLD = [
  [RegExp(String.raw`^There was a login as (?<name>\S+) from ${LOGIN}`), {
    en: "Login as {name} from a new place or device: {where}{how}, {at}. If it wasn't you, change your password (Settings, Devices and password): that logs out all other devices.",
    ru: "Вход под именем {name} с нового места или устройства: {where}{how}, {at}. Если это не вы, смените пароль (Настройки, Устройства и пароль): все другие устройства выйдут.",
  }],
  [RegExp(String.raw`^Administrator (?<name>\S+) logged in from ${LOGIN}`), {
    en: "Administrator {name} logged in from a new place or device: {where}{how}, {at}. If that can't be, end it on the server: securechat-admin user logout.",
    ru: "Администратор {name} вошёл с нового места или устройства: {where}{how}, {at}. Если этого не может быть, завершите вход на сервере: securechat-admin user logout.",
  }],
  [RegExp(String.raw`^What is said in (?<name>\S+) ${KEPT}; each member`), {
    en: "What is said in {name} is kept on this server{days}; each member may read what was said after joining.",
    ru: "Сказанное в {name} хранится на сервере{days}; участники читают то, что сказано после их прихода.",
  }],
  [RegExp(String.raw`^What is said in (?<name>\S+) ${KEPT}; newcomers`), {
    en: "What is said in {name} is kept on this server{days}; newcomers may read what was said since the room was opened to them.",
    ru: "Сказанное в {name} хранится на сервере{days}; новые участники читают то, что сказано с тех пор, как это им открыли.",
  }],
  [RegExp(`^What is said here ${KEPT}, unless`), {
    en: "What is said here is kept on this server{days}, unless a room differs.",
    ru: "Сказанное здесь хранится на сервере{days}, если для комнаты не задано иное.",
  }],
  [RegExp(`^What two people say to each other ${KEPT};`), {
    en: "What two people say to each other is kept on this server{days}; both may read it.",
    ru: "Сказанное друг другу хранится на сервере{days}; это могут читать оба.",
  }],
  [/^Reported to whoever runs this server/, {
    en: "Whoever runs the server is told, and nobody else.",
    ru: "Об этом узнает администратор и больше никто.",
  }],
  [/^Report (?<n>\d+): (?<by>\S+) about (?<of>\S+?(?: in \S+)?): (?<text>.*)$/s, {
    en: "Report {n}: {by} about {of}: {text}",
    ru: "Жалоба {n}, {by} о {of}: {text}",
  }],
  [/^(?<n>\d+) reports? (?:is|are) open:/, {
    en: "Open reports: {n}. On the server, securechat-admin reports shows them.",
    ru: "Открытых жалоб: {n}. Их показывает на сервере securechat-admin reports.",
  }],
  [/^You were kicked from (?<name>\S+) by (?<by>\S+) on (?<at>[\d-]+ [\d:]+) UTC(?:: (?<text>.*))?$/s, {
    en: "{by} put you out of {name}, {at}. {text}",
    ru: "Вас удалили из {name}: {by}, {at}. {text}",
  }],
  [/^The administrator has changed your name from (?<of>\S+) to (?<name>\S+)$/, {
    en: "An administrator has changed your name from {of} to {name}.",
    ru: "Администратор изменил ваше имя: было {of}, стало {name}.",
  }],
  [/^This server asks for a second factor:/, "told.factor"],
  [/^You missed more messages than these/, {
    en: "You missed more messages than these; scroll up for the others.",
    ru: "Вы пропустили больше сообщений; остальные выше.",
  }],
  [/^Some of the messages that you missed can't be read/, {
    en: "Some of the messages that you missed can't be read: the server's database is damaged. Tell whoever runs it.",
    ru: "Часть пропущенных сообщений не прочитать: база данных сервера повреждена. Сообщите администратору.",
  }],
  [/^(?<name>\S+) is dropped$/, { en: "{name} is closed.", ru: "{name} закрыта." }],
  [/^The server can't store messages: (?<text>.*?)\. Nothing new/, {
    en: "The server can't store messages: {text}. Nothing new is sent until that is mended.",
    ru: "Сервер не может сохранять сообщения: {text}. Новое не отправляется, пока это не исправят.",
  }],
  [/^The server keeps no new messages: (?<text>.*?)\. What was/, {
    en: "The server keeps no new messages: {text}. Whoever runs it can make room.",
    ru: "Сервер не сохраняет новых сообщений: {text}. Администратор может освободить место.",
  }],
  [/^The server stores messages again/, {
    en: "The server stores messages again.",
    ru: "Сервер снова сохраняет сообщения.",
  }],
  [/^The server's database is damaged in places/, {
    en: "The server's database is damaged in places. Tell whoever runs it to restore a backup.",
    ru: "База данных сервера местами повреждена. Пусть администратор восстановит копию.",
  }],
];

/** A sentence of the server in the person's language; null if we don't have it. */
export function told(text) {
  const code = language().slice(0, 2);
  for (const [pattern, ours] of TOLD) {
    const found = pattern.exec(text);
    if (!found) continue;
    const { at = "", how = "", days, text: more = "", ...values } = found.groups ?? {};
    const by = how.replace(/^(token|certificate)(?= )|^.*/, (kind) => HOW[kind]?.[code] ?? kind);
    return fill(ours[code] ?? t(ours), {
      ...values,
      text: more,
      days: days ? t("kept.days", { n: +days }) : "",
      at: at && new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(`${at.replace(" ", "T")}Z`)),
      how: by && ` (${by})`,
    }).trim();
  }
  return null;
}
