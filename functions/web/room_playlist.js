// What a player has in hand: each utterance follows the one before it at the very sample.

const START_DELAY_S = 0.02; // what is begun sooner may lose its first samples

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {object} frame the `utterance` as it came
 * @property {AudioBuffer | null} buffer
 * @property {object | null} sound once it is known when it is heard
 * @property {number | null} gapMs silence between the one before it and itself
 * @property {boolean} hasStarted
 * @property {boolean} isOver
 */

/**
 * Events: `start` (detail: the Item whose sound begins), `end` (detail: {item, outcome: "heard" | "skipped" |
 * "expired" | "failed"}). Every item that was added ends exactly once.
 */
export class Playlist extends EventTarget {
  #audio;
  #isTooLate;
  /** @type {Item[]} */
  #items = [];
  #lastEnd = null; // of what was given its time last, unless that was silenced

  /** @param {import("./room_audio.js").RoomAudio} audio @param {(frame: object, inMs: number) => boolean} isTooLate */
  constructor(audio, isTooLate) {
    super();
    this.#audio = audio;
    this.#isTooLate = isTooLate;
  }

  /** @param {object} frame an `utterance` with audio */
  add(frame) {
    const item = { id: frame.id, frame, buffer: null, sound: null, gapMs: null };
    Object.assign(item, { hasStarted: false, isOver: false, stop: new AbortController() });
    this.#items.push(item);
    this.#prepare(item);
  }

  /** Be silent about it at once. @param {string} id */
  retract(id) {
    const item = this.#items.find((each) => each.id === id);
    if (!item) return;
    this.#over(item, "skipped");
    this.#rearrange();
  }

  /** More of the same came before it is shown. @param {{id: string, count: number, people: number}} merged */
  recount({ id, count, people }) {
    const item = this.#items.find((each) => each.id === id);
    if (item) item.frame = { ...item.frame, count, people };
  }

  /** Somebody else speaks from here on; what has begun is finished. */
  dropWaiting() {
    for (const item of this.#items.filter(({ hasStarted }) => !hasStarted)) this.#over(item, "skipped");
  }

  /** @returns {string[]} of all that is here, playing or to be played */
  get ids() {
    return this.#items.map(({ id }) => id);
  }

  /** @returns {Item | undefined} what is heard */
  get current() {
    return this.#items.findLast(({ hasStarted }) => hasStarted);
  }

  /** How many have yet to begin. */
  get ahead() {
    return this.#items.filter(({ hasStarted }) => !hasStarted).length;
  }

  /** Audio that was not heard so far. */
  get remainingMs() {
    const { now } = this.#audio;
    const left = ({ hasStarted, sound, buffer, frame }) => {
      if (hasStarted) return Math.max(0, sound.end - now) * 1000;
      return buffer ? buffer.duration * 1000 : frame.duration_ms;
    };
    return this.#items.reduce((sum, item) => sum + left(item), 0);
  }

  async #prepare(item) {
    try {
      item.buffer = await this.#audio.decode(item.frame.audio, item.stop.signal);
      item.frame = { ...item.frame, audio: null }; // without the base64, which is large
    } catch {
      this.#over(item, "failed");
    }
    this.#arrange();
  }

  /** Give all that are ready, in the order in which they came, their times. */
  #arrange() {
    let free = this.#audio.now + START_DELAY_S;
    for (const item of [...this.#items]) {
      if (!item.sound) {
        if (!item.buffer) return; // those after it wait for it
        if (this.#isTooLate(item.frame, (free - this.#audio.now) * 1000)) {
          this.#over(item, "expired");
          continue;
        }
        this.#schedule(item, free);
      }
      free = Math.max(free, item.sound.end);
    }
  }

  #schedule(item, at) {
    item.sound = this.#audio.schedule(item.buffer, at, {
      onStart: () => this.#started(item),
      onEnd: () => this.#over(item, "heard"),
    });
    item.gapMs = this.#lastEnd === null ? null : (at - this.#lastEnd) * 1000;
    this.#lastEnd = item.sound.end;
  }

  /** The time of one that is gone is for the next. */
  #rearrange() {
    this.#lastEnd = null;
    for (const item of this.#items) {
      if (item.hasStarted || !item.sound) continue;
      item.sound.stop();
      item.sound = null;
    }
    this.#arrange();
  }

  #started(item) {
    // The clock's alarms and ends come in any order; what was before it is over.
    for (const before of this.#items.slice(0, this.#items.indexOf(item))) this.#over(before, "heard");
    item.hasStarted = true;
    this.dispatchEvent(new CustomEvent("start", { detail: item }));
  }

  #over(item, outcome) {
    if (item.isOver) return;
    // So short that its end is told first.
    if (outcome === "heard" && !item.hasStarted) this.#started(item);
    item.isOver = true;
    item.stop.abort();
    if (outcome !== "heard") item.sound?.stop();
    item.buffer = null;
    this.#items = this.#items.filter((each) => each !== item);
    this.dispatchEvent(new CustomEvent("end", { detail: { item, outcome } }));
  }
}
