// The captions that are seen: the one that is heard, and above it those before, fading.

import { DanmuCaption } from "./overlay_captions.js";

const LINGER_MS = 600;
const LEAVE_MS = 320; // as long as its transition in overlay.css
const VANISH_MS = 120;
const MOVE = { duration: 420, easing: "cubic-bezier(0.2, 0.9, 0.25, 1)" };
const isStill = matchMedia("(prefers-reduced-motion: reduce)");

export class CaptionStack {
  #element;
  #look;
  #lingering = null;
  /** @type {Map<string, DanmuCaption>} the oldest first */
  #captions = new Map();

  /** @param {HTMLElement} element @param {import("./overlay_look.js").Look} look */
  constructor(element, look) {
    this.#element = element;
    this.#look = look;
  }

  /** @param {object} frame the `utterance` that is heard from now on */
  show(frame) {
    clearTimeout(this.#lingering);
    const caption = DanmuCaption.say(frame, this.#look);
    this.#move(() => {
      this.current?.settle();
      this.#captions.set(frame.id, caption);
      this.#element.append(caption);
      this.#age();
    });
  }

  /** @param {string} id @param {boolean} atOnce */
  end(id, atOnce) {
    const caption = this.#captions.get(id);
    const wasCurrent = caption === this.current;
    if (!caption) return;
    if (atOnce) this.#leave(id, VANISH_MS);
    if (!wasCurrent) return;
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => this.#leaveAll(), LINGER_MS);
  }

  /** @param {string} id @param {number} count */
  recount(id, count) {
    this.#captions.get(id)?.recount(count);
  }

  /** @returns {DanmuCaption | undefined} the latest */
  get current() {
    return [...this.#captions.values()].at(-1);
  }

  #leaveAll() {
    for (const id of [...this.#captions.keys()]) this.#leave(id, LEAVE_MS);
  }

  #age() {
    const ids = [...this.#captions.keys()].reverse();
    ids.forEach((id, age) => {
      this.#captions.get(id).dataset.age = age;
      if (age >= this.#look.lines) this.#leave(id, LEAVE_MS);
    });
  }

  #leave(id, ms) {
    const caption = this.#captions.get(id);
    this.#captions.delete(id);
    caption.classList.add(ms === VANISH_MS ? "vanishing" : "leaving");
    setTimeout(() => this.#move(() => caption.remove()), ms);
  }

  /** Let what stays glide to where the change puts it. */
  #move(change) {
    const before = new Map([...this.#element.children].map((child) => [child, child.offsetTop]));
    change();
    if (isStill.matches) return;
    for (const [child, top] of before) {
      const by = child.isConnected ? top - child.offsetTop : 0;
      if (by !== 0) child.animate({ transform: [`translateY(${by}px)`, "none"] }, MOVE);
    }
  }
}
