// The lines that were typed, spoken in order: while one is heard the next one is already on its way.

import { Line } from "./line.js";

const MOST_AT_ONCE = 2;
const MOST_KEPT = 30;

/** Events: `added` and `removed` (detail: a Line), `change` (detail: a Line). */
export class Lines extends EventTarget {
  /** @type {Line[]} oldest first */
  #lines = [];
  #connection;
  #speaks;
  #player;

  constructor(connection, speaks, player) {
    super();
    this.#connection = connection;
    this.#speaks = speaks;
    this.#player = player;
    connection.addEventListener("state", () => this.#advance());
  }

  /** Whether one of them is heard now. */
  get isSpeaking() {
    return this.#lines.some((line) => line.received > 0 && !line.isOver);
  }

  /** @param {{text: string, voice: string, speed: number}} options */
  add(options) {
    this.#player.unlock();
    if (this.#connection.state === "away") this.#connection.wake();
    const line = new Line(options, this.#speaks);
    line.addEventListener("change", () => {
      this.#tell("change", line);
      this.#advance();
    });
    this.#lines.push(line);
    this.#tell("added", line);
    this.#forgetOld();
    this.#advance();
  }

  /** Silence. */
  cancelAll() {
    for (const line of [...this.#lines].reverse()) line.cancel();
  }

  #advance() {
    if (this.#connection.state !== "open") return;
    const started = this.#lines.filter((line) => !["waiting", "stopping"].includes(line.state) && !line.isOver);
    if (started.length >= MOST_AT_ONCE || started.some((line) => line.isArriving)) return;
    this.#lines.find((line) => line.state === "waiting")?.start(this.#player);
  }

  #forgetOld() {
    const old = this.#lines.slice(0, -MOST_KEPT).filter((line) => line.isOver);
    this.#lines = this.#lines.filter((line) => !old.includes(line));
    for (const line of old) this.#tell("removed", line);
  }

  #tell(what, line) {
    this.dispatchEvent(new CustomEvent(what, { detail: line }));
  }
}
