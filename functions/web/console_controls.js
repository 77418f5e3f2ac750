// Pause, skip, clear: one press each, but clear, which takes two.

import { at, setAttribute, setData, setText } from "./console_dom.js";
import { t } from "./console_language.js";

const SURE_MS = 5000;
const DOUBLE_CLICK_MS = 400; // the second press has to be meant

export class Controls {
  #room;
  #connection;
  #actions;
  #askedAt = 0;
  #timer;

  /**
   * @param {import("./connection.js").Connection} connection
   * @param {import("./console_room.js").Room} room
   * @param {import("./console_actions.js").Actions} actions
   */
  constructor(connection, room, actions) {
    this.#connection = connection;
    this.#room = room;
    this.#actions = actions;
    at("pause").addEventListener("click", () => this.pause());
    at("skip").addEventListener("click", () => this.skip());
    at("clear").addEventListener("click", () => this.clear());
  }

  draw() {
    const { state, speaking, next } = this.#room;
    const isThere = Boolean(state) && this.#connection.state === "open";
    setText(at("pause-text"), t(state?.paused ? "resume" : "pause"));
    setAttribute(at("pause-icon"), "href", state?.paused ? "#i-resume" : "#i-pause");
    const waiting = state?.waiting.length ?? 0;
    setText(at("clear-text"), this.isAsking ? t("clearSure", { n: waiting }) : t("clear"));
    setData(at("clear"), "sure", String(this.isAsking));
    // Not `disabled`, which would take the focus away each time that nothing is spoken for a moment.
    setAttribute(at("pause"), "aria-disabled", String(!isThere));
    setAttribute(at("skip"), "aria-disabled", String(!isThere || !(speaking ?? next)));
    setAttribute(at("clear"), "aria-disabled", String(!isThere || (waiting === 0 && !this.isAsking)));
  }

  get isAsking() {
    return this.#askedAt > 0;
  }

  pause() {
    if (this.#room.state) this.#actions.pauseOrResume();
  }

  skip() {
    if (this.#room.state) this.#actions.skip();
  }

  clear() {
    const waiting = this.#room.state?.waiting.length ?? 0;
    if (!this.isAsking) {
      if (waiting === 0) this.#actions.say(t("clearNothing"));
      else this.#ask();
    } else if (performance.now() - this.#askedAt > DOUBLE_CLICK_MS) {
      this.letBe();
      this.#actions.clear();
    }
  }

  /** It was not meant. */
  letBe() {
    clearTimeout(this.#timer);
    this.#askedAt = 0;
    this.draw();
  }

  #ask() {
    this.#askedAt = performance.now();
    this.#actions.say(t("clearAsk"));
    this.#timer = setTimeout(() => this.letBe(), SURE_MS);
    this.draw();
  }
}
