// What became of what, told in a list; the newest first.

import { at, copyOf, setAttribute, setData, setHidden, setText, shorten } from "./console_dom.js";
import { formatSeconds, formatTime, t, wordFor } from "./console_language.js";
import { nameButton, nameOf, showTimes, showWords, wordsOf } from "./console_utterance.js";

const SHOWN_CHARS = 40;

export class Log {
  #room;
  #replay;
  #list = at("log");
  /** @type {Map<number, {element: HTMLElement, version: number}>} */
  #shown = new Map();
  #filter = "all";

  /** @param {import("./console_room.js").Room} room @param {(entry: object) => void} replay */
  constructor(room, replay) {
    this.#room = room;
    this.#replay = replay;
    for (const button of at("filters").children) button.addEventListener("click", () => this.#choose(button.dataset.filter));
  }

  draw() {
    const entries = this.#room.history.entries.filter(({ what }) => this.#filter === "all" || what === this.#filter);
    const wanted = new Set(entries.map(({ key }) => key));
    for (const [key, { element }] of this.#shown) if (!wanted.has(key)) this.#forget(key, element);
    const recent = new Set(this.#room.state?.recent.map(({ id }) => id));
    let before = null;
    for (const entry of entries) {
      const element = this.#elementOf(entry, recent);
      const place = before ? before.nextElementSibling : this.#list.firstElementChild;
      if (place !== element) this.#list.insertBefore(element, place);
      before = element;
    }
    setHidden(at("log-empty"), entries.length > 0);
  }

  /** The language is another. */
  redraw() {
    for (const shown of this.#shown.values()) shown.version = -1;
    this.draw();
  }

  #choose(filter) {
    this.#filter = filter;
    for (const button of at("filters").children) setAttribute(button, "aria-pressed", String(button.dataset.filter === filter));
    at("log-scroll").scrollTop = 0;
    this.draw();
  }

  #forget(key, element) {
    if (element.contains(document.activeElement)) at("log-scroll").focus({ preventScroll: true });
    element.remove();
    this.#shown.delete(key);
  }

  #elementOf(entry, recent) {
    let shown = this.#shown.get(entry.key);
    if (!shown) {
      shown = { element: copyOf("entry"), version: -1 };
      shown.element.querySelector(".again").addEventListener("click", () => this.#replay(entry));
      this.#shown.set(entry.key, shown);
    }
    if (shown.version !== entry.version) tell(shown.element, entry);
    shown.version = entry.version;
    const again = shown.element.querySelector(".again");
    // A button that has the focus stays until it is left.
    setHidden(again, !(entry.what === "spoken" && recent.has(entry.id)) && document.activeElement !== again);
    return shown.element;
  }
}

function tell(element, entry) {
  const find = (selector) => element.querySelector(selector);
  const words = wordsOf(entry);
  setData(element, "what", entry.what);
  setAttribute(find("use"), "href", `#i-${entry.what}`);
  setText(find(".name"), entry.id && (entry.name || entry.viewer) ? nameOf(entry) : "");
  showWords(find(".words"), words || t("linesLetGo", { n: entry.lines }));
  showTimes(find(".times"), entry.count);
  setText(find(".why"), whyOf(entry, words));
  setText(find("time"), entry.at ? formatTime(entry.at) : t("earlier"));
  nameButton(find(".again"), t("againName", { text: shorten(words, SHOWN_CHARS) }), t("again"));
}

function whyOf({ what, reason, people, id, lines, lateness_ms }, words) {
  if (what === "dropped") return [wordFor("reason", reason), !id && words ? t("linesLetGo", { n: lines }) : ""].filter(Boolean).join(" · ");
  const parts = [t(`filter.${what}`)];
  if (what === "spoken" && lateness_ms) parts.push(t("after", { time: formatSeconds(lateness_ms) }));
  if (what === "merged" && people > 1) parts.push(t("people", { n: people }));
  return parts.join(" · ");
}
