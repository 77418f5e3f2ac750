// What texts look like: their language, how long they take to say, and figures as people read them.

export const MOST_CHARS = 1000;

export const SAMPLES = [
  "主播唱得真好听，再来一首吧！",
  "哈哈哈哈 这也太秀了",
  "Hello chat, nice to see you all!",
  "こんばんは、今日も楽しみです！",
];

/** Length as the server counts it: an emoji is one or a few, never two halves. @param {string} text */
export function countChars(text) {
  return Array.from(text).length;
}

/** For the right glyphs: one ideograph is drawn differently in each language. @param {string} text @returns {string} */
export function scriptLanguage(text) {
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return "ja";
  return /\p{Script=Han}/u.test(text) ? "zh" : "";
}

/** Roughly, from how fast people speak: some 4 ideographs or 15 letters a second. */
export function estimateSeconds(text, speed) {
  const wide = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0;
  return (0.4 + wide * 0.24 + (countChars(text) - wide) * 0.065) / speed;
}

/** @param {number} ms */
export function formatMs(ms) {
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** @param {number} seconds */
export function formatSeconds(seconds) {
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
