// Chinese or English: as the browser is, or as somebody chose.

import { keep, recall } from "./console_kept.js";
import { LANGUAGES, TEXTS } from "./console_texts.js";

const KEPT_AS = "language";
const TAGS = { en: "en", zh: "zh-CN" };
const chosen = recall(KEPT_AS);

/** Event `change`: everything is to be said anew. */
export const languages = new EventTarget();
let language = LANGUAGES.includes(chosen) ? chosen : navigator.language.startsWith("zh") ? "zh" : "en";
let formats = formatsOf(language);

export const currentLanguage = () => language;

/** @param {"en" | "zh"} wanted */
export function speakIn(wanted) {
  language = wanted;
  formats = formatsOf(wanted);
  keep(KEPT_AS, wanted);
  translate(document);
  languages.dispatchEvent(new Event("change"));
}

/**
 * A text in the language of the page. `{n}` is the value n; `{n|line|lines}` is the first where n is 1, else the second.
 * @param {string} key @param {Record<string, string | number>} values
 */
export function t(key, values = {}) {
  const text = TEXTS[key]?.[LANGUAGES.indexOf(language)];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name, one, many) => {
    const value = values[name];
    if (value === undefined) return whole; // a text about such names themselves
    if (one !== undefined) return value === 1 ? one : many;
    return typeof value === "number" ? formatNumber(value) : value;
  });
}

/** A word of the server's that we may not know yet, which is then shown as it is. @param {string} group @param {string} word */
export function wordFor(group, word) {
  const key = `${group}.${word}`;
  return Object.hasOwn(TEXTS, key) ? t(key) : word;
}

/** Writes what the page itself says: `data-t` is a text, `data-t-label` a name, `data-t-title` a tooltip. */
export function translate(root) {
  if (root === document) document.documentElement.lang = TAGS[language];
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) element.ariaLabel = t(element.dataset.tLabel);
  for (const element of root.querySelectorAll("[data-t-title]")) element.title = t(element.dataset.tTitle);
  for (const element of root.querySelectorAll("[data-t-hint]")) element.placeholder = t(element.dataset.tHint);
}

/** @param {number} value */
export const formatNumber = (value) => formats.number.format(value);

/** @param {number} milliseconds with a tenth of a second below a minute */
export function formatSeconds(milliseconds) {
  const seconds = Math.max(0, milliseconds) / 1000;
  return t("seconds", { value: seconds < 60 ? seconds.toFixed(1) : formatNumber(Math.round(seconds)) });
}

/** What is left of a deadline. @param {number} milliseconds */
export function formatLeft(milliseconds) {
  const seconds = Math.ceil(Math.max(0, milliseconds) / 1000);
  if (seconds < 100) return t("seconds", { value: String(seconds) });
  return t("minutes", { value: String(Math.round(seconds / 60)) });
}

/** @param {number} amount @param {string} currency of ISO 4217 */
export function formatMoney(amount, currency) {
  try {
    return new Intl.NumberFormat(TAGS[language], { style: "currency", currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 2, minimumFractionDigits: Number.isInteger(amount) ? 0 : 2 }).format(amount);
  } catch {
    return `${amount} ${currency}`; // three letters that are no currency's
  }
}

/** @param {number} at Unix milliseconds */
export const formatTime = (at) => formats.time.format(at);

/** @param {string} tag of a language */
export function languageName(tag) {
  try {
    return formats.languages.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

function formatsOf(wanted) {
  const tag = TAGS[wanted];
  return {
    number: new Intl.NumberFormat(tag),
    time: new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }),
    languages: new Intl.DisplayNames([tag], { type: "language", fallback: "code" }),
  };
}
