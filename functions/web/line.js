// One line that was typed: from waiting through speaking to its end, with what was measured on the way.

import { estimateSeconds } from "./texts.js";
import { RATE_HZ } from "./pcm.js";

/** @typedef {"waiting" | "asked" | "speaking" | "stopping" | "done" | "cancelled" | "failed"} LineState */

const OVER = new Set(["done", "cancelled", "failed"]);

/** Events: `change`: look again; `samples` (detail: Float32Array); `restart`: forget those. */
export class Line extends EventTarget {
  /** @type {LineState} */
  state = "waiting";
  reason = "";
  figures = {};
  /** @type {object | null} the server's last word */
  done = null;
  received = 0; // samples
  #speaks;
  #speak = null;
  #track = null;
  #askedAt = 0;

  /** @param {{text: string, voice: string, speed: number}} options @param {import("./speaks.js").Speaks} speaks */
  constructor(options, speaks) {
    super();
    this.options = options;
    this.#speaks = speaks;
  }

  /** Whether nothing more will be heard of it. */
  get isOver() {
    return OVER.has(this.state) && (this.#track?.isOver ?? true);
  }

  /** Whether the server still works on it. */
  get isArriving() {
    return this.#speak !== null && !this.#speak.isOver;
  }

  get heard() {
    return this.#track?.heard ?? 0;
  }

  /** Samples in all; a guess until all have come. */
  get total() {
    if (this.figures.completeMs !== undefined) return this.received;
    return Math.max(this.received, estimateSeconds(this.options.text, this.options.speed) * RATE_HZ);
  }

  get chunks() {
    return this.#speak?.chunks ?? 0;
  }

  get bytes() {
    return this.#speak?.bytes ?? 0;
  }

  /** @param {import("./player.js").Player} player */
  start(player) {
    this.#track = player.add();
    this.#track.addEventListener("start", ({ detail }) => this.#sounds(detail));
    this.#track.addEventListener("end", () => this.#heardOut());
    this.#ask();
  }

  cancel() {
    if (this.isOver || this.state === "stopping") return;
    const { isArriving } = this;
    this.#become(isArriving ? "stopping" : "cancelled");
    this.#track?.stop();
    if (isArriving) this.#speak.cancel();
  }

  #ask() {
    const { text, voice, speed } = this.options;
    const speak = this.#speaks.speak({ text, speed, ...(voice && { voice }) });
    this.#speak = speak;
    this.#askedAt = performance.now();
    this.figures = {};
    this.received = 0;
    speak.addEventListener("accepted", () => this.#measured("acceptedMs"));
    speak.addEventListener("samples", ({ detail }) => this.#arrived(detail));
    speak.addEventListener("restart", () => this.#restarted());
    speak.addEventListener("complete", () => this.#completed());
    speak.addEventListener("done", ({ detail }) => this.#ended("done", detail));
    speak.addEventListener("cancelled", () => this.#ended("cancelled"));
    speak.addEventListener("failed", ({ detail }) => this.#ended("failed", null, detail.message));
    speak.addEventListener("gone", () => this.#forgotten());
    this.#become("asked");
  }

  #arrived(samples) {
    this.#measured("firstAudioMs");
    this.received += samples.length;
    this.#track.push(samples);
    this.dispatchEvent(new CustomEvent("samples", { detail: samples }));
  }

  #restarted() {
    this.#track.restart();
    this.received = 0;
    for (const name of ["firstAudioMs", "firstSoundMs", "hasWaited", "completeMs"]) delete this.figures[name];
    this.dispatchEvent(new Event("restart"));
  }

  #completed() {
    this.#measured("completeMs");
    this.#track.complete();
  }

  #sounds({ inMs, hasWaited }) {
    if (hasWaited) this.figures.hasWaited = true;
    else this.figures.firstSoundMs ??= performance.now() - this.#askedAt + inMs;
    if (this.state === "asked") this.#become("speaking");
  }

  /** The server said its last word; what came is heard to its end. */
  #ended(state, done = null, reason = "") {
    this.done = done;
    if (this.state === "stopping") return this.#become("cancelled");
    this.reason = reason;
    if (state === "cancelled") this.#track.stop();
    else this.#track.complete();
    // The next line may be asked for while this one is still heard.
    if (state === "done" && !this.#track.isOver) this.#changed();
    else this.#become(state);
  }

  #heardOut() {
    if (this.isArriving || this.state === "stopping") return;
    if (OVER.has(this.state)) this.#changed();
    else this.#become("done");
  }

  /** The server was restarted. What nobody heard yet is spoken anew; else there is no more than was heard. */
  #forgotten() {
    if (this.#track.hasSounded) {
      this.#ended("failed", null, "The connection was lost, and the rest of this line with it.");
      return;
    }
    this.#restarted();
    this.#ask();
  }

  #measured(name) {
    if (this.figures[name] !== undefined) return;
    this.figures[name] = performance.now() - this.#askedAt;
    this.#changed();
  }

  #become(state) {
    this.state = state;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
