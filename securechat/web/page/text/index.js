/** What people read, in their language. */
import { noted } from "../device/storage.js";

export const LANGUAGES = { en: "English", ru: "Русский" };

let locale = "en";
let texts = /** @type {Record<string, any>} */ ({});
let plural = new Intl.PluralRules("en");

export const load = async (code) => (await import(`./${code}.js`)).default;

/**
 * By setting ("en", "ru"), else ("") the first of the browser's languages that we have. Only its
 * texts are loaded; rejects if they can't be.
 */
export async function setLanguage(wanted) {
  const all = [wanted, ...navigator.languages, "en"];
  const code = all.map((one) => (one || "").slice(0, 2)).find((one) => LANGUAGES[one]);
  texts = await load(code);
  // "en" alone would write times as in America.
  locale = navigator.languages.find((one) => one.startsWith(code)) ?? code;
  plural = new Intl.PluralRules(code);
  document.documentElement.lang = code;
}

/** Until then there is no text. */
export const ready = setLanguage(noted("settings")?.language);

/** "en-GB"; for Intl. */
export const language = () => locale;

/**
 * The text of a key; values stand for {name}, and `n` chooses the plural form.
 * @param {string} key
 * @param {Record<string, any>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  let text = texts[key] ?? key;
  if (typeof text === "object") text = text[plural.select(values.n)] ?? text.other;
  return fill(text, values);
}

/** A text with its values. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** What the server tells people, in their language if we have it. */
export async function told(text) {
  const found = await import("./told.js").catch(() => null);
  return found?.told(text) ?? text;
}

// mIRC colours, control characters, and what turns the direction of the text around it.
const UNSEEN =
  /\x03(?:\d{1,2}(?:,\d{1,2})?)?|[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Remote text as it may be shown: without control characters. */
export const plain = (/** @type {string} */ text) => text.replace(UNSEEN, "");
