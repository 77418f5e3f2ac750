// How an utterance is put into words, in the queue, on air and in the log alike.

import { scriptLanguage } from "./texts.js";
import { setAttribute, setData, setHidden, setText } from "./console_dom.js";
import { formatMoney, t, wordFor } from "./console_language.js";

/** @param {import("./console_room.js").Utterance} utterance */
export function wordsOf({ text, gift, kind }) {
  if (gift && text) return `${gift} · ${text}`;
  return text || gift || (kind === "danmu" ? "" : wordFor("kind", kind));
}

/** @param {import("./console_room.js").Utterance} utterance */
export function nameOf({ name, viewer }) {
  return name || viewer || t("nobody");
}

/** @param {import("./console_room.js").Utterance} utterance */
export function rankOf({ rank, kind }) {
  return rank ?? (kind === "danmu" || kind === "follow" ? "plain" : kind);
}

/** What it is worth, and to what sum. */
export function showBadge(element, utterance) {
  const rank = rankOf(utterance);
  const sum = utterance.amount > 0 ? ` ${formatMoney(utterance.amount, utterance.currency)}` : "";
  setText(element, wordFor("rank", rank) + sum);
  setData(element, "rank", rank);
}

/** Viewers write what they like: it is text, in the direction and the script that it has. */
export function showWords(element, words) {
  if (element.textContent === words) return;
  element.textContent = words;
  element.lang = scriptLanguage(words);
}

/** @param {number} count */
export function showTimes(element, count) {
  setText(element, count > 1 ? t("times", { n: count }) : "");
}

/** @param {HTMLElement} element @param {string} name for a screen reader, and as a tooltip */
export function nameButton(element, name, title) {
  setAttribute(element, "aria-label", name);
  setAttribute(element, "title", title);
}

/** Who can be blocked: somebody whom the platform knows. */
export function showBlock(button, utterance) {
  setHidden(button, !utterance.viewer);
  nameButton(button, t("blockName", { name: nameOf(utterance) }), t("block"));
}
