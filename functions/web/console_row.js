// An utterance that waits, as it is seen.

import { copyOf, setAttribute, setData, setHidden, setText, shorten } from "./console_dom.js";
import { formatLeft, formatSeconds, t } from "./console_language.js";
import { RunningBar } from "./console_motion.js";
import { nameButton, nameOf, rankOf, showBadge, showBlock, showTimes, showWords, wordsOf } from "./console_utterance.js";

const LATE = 0.25; // of its time is left
const SHOWN_CHARS = 40;
const SAME_CLOCK_MS = 400;

export class Row {
  element = copyOf("row");
  /** @type {import("./console_room.js").Utterance} */
  utterance;
  isGone = false;
  #find = (selector) => this.element.querySelector(selector);
  #parts = Object.fromEntries(
    ["badge", "name", "words", "times", "people", "settling", "clock", "takes", "left", "retract", "block"].map((name) => [name, this.#find(`.${name}`)]),
  );
  #fuse = new RunningBar(this.#find(".fuse > span"));
  #whole = 0; // milliseconds that it had when it came
  #burnsOutAt = 0;

  /** @param {{retract: (row: Row) => void, block: (row: Row) => void}} does */
  constructor(does) {
    this.#parts.retract.addEventListener("click", () => does.retract(this));
    this.#parts.block.addEventListener("click", () => does.block(this));
  }

  /** @param {import("./console_room.js").Utterance} utterance @param {object} settings RoomSettings @param {number} now */
  show(utterance, settings, now) {
    this.utterance = utterance;
    this.isGone = false;
    const { badge, name, words, times, people, takes, retract, block } = this.#parts;
    setData(this.element, "rank", rankOf(utterance));
    setData(this.element, "gone", "false");
    showBadge(badge, utterance);
    setText(name, nameOf(utterance));
    showWords(words, wordsOf(utterance));
    showTimes(times, utterance.count);
    setText(people, utterance.people > 1 ? t("people", { n: utterance.people }) : "");
    setText(takes, formatSeconds(utterance.predicted_ms));
    nameButton(retract, t("retractName", { text: shorten(wordsOf(utterance) || nameOf(utterance), SHOWN_CHARS) }), t("retract"));
    showBlock(block, utterance);
    this.#whole = Math.max(this.#whole, settings.deadlines_ms[utterance.kind] ?? 0, utterance.expires_at - now);
    this.tick(now);
  }

  /** What changes by itself. @param {number} now the room's clock */
  tick(now) {
    if (this.isGone) return;
    const { expires_at, settles_at } = this.utterance;
    const left = Math.max(0, expires_at - now);
    const share = this.#whole > 0 ? Math.min(1, left / this.#whole) : 0;
    setText(this.#parts.left, formatLeft(left));
    const takes = t("takesName", { takes: formatSeconds(this.utterance.predicted_ms) });
    setAttribute(this.#parts.clock, "aria-label", `${takes}, ${t("leftName", { left: formatLeft(left) })}`);
    setData(this.element, "late", String(share < LATE));
    setText(this.#parts.settling, settles_at > now ? t("settling") : "");
    // By this computer's clock: where that and the room's drift apart, the bar is set right.
    const burnsOutAt = Date.now() + left;
    if (Math.abs(burnsOutAt - this.#burnsOutAt) > SAME_CLOCK_MS) this.#burnsOutAt = burnsOutAt;
    this.#fuse.run(share, left, { name: String(this.#burnsOutAt) });
  }

  /** It waits no longer, and its place is kept for a moment. */
  leave() {
    if (this.isGone) return;
    this.isGone = true;
    setData(this.element, "gone", "true");
    setText(this.#parts.left, "");
    this.#fuse.run(0, 0);
  }

  /** Whether it is the one that Tab comes to, and its buttons after it. @param {boolean} isCurrent */
  set isCurrent(isCurrent) {
    const order = isCurrent ? "0" : "-1";
    setAttribute(this.element, "tabindex", order);
    for (const button of [this.#parts.retract, this.#parts.block]) setAttribute(button, "tabindex", order);
  }

  remove() {
    this.#fuse.stop();
    this.element.moving?.cancel();
    this.element.remove();
  }
}
