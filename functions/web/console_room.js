// A room as it stands: its last state, its clock, what became of what.

import { History } from "./console_history.js";
import { Known } from "./console_known.js";
import { Series } from "./console_series.js";

const HEARTBEAT_MS = 10_000;
const CLOCK_JUMP_MS = 2000;
const CLOCK_BACK_MS = 60_000; // that far back it is another clock
const CLOCK_DRIFT_MS = 5;

/** @typedef {object} Utterance what the contract calls WaitingUtterance or SpokenUtterance */

/** Events: `state`, a new one is there; `refused`, we may not watch; `change`, something became of something. */
export class Room extends EventTarget {
  /** RoomState @type {object | null} */
  state = null;
  /** Why the server does not let us watch; ErrorDetail @type {object | null} */
  problem = null;
  known = new Known();
  history = new History(this.known);
  series = new Series();
  #connection;
  #offset = null;
  #newest = null;
  #settings = null;

  /** @param {import("./connection.js").Connection} connection @param {string} name */
  constructor(connection, name) {
    super();
    this.name = name;
    this.#connection = connection;
    connection.addEventListener("frame", ({ detail }) => this.#take(detail));
    connection.addEventListener("state", () => this.#listen());
    document.addEventListener("visibilitychange", () => document.hidden || this.#listen());
    setInterval(() => this.#listen(), HEARTBEAT_MS);
  }

  /** The room's clock, Unix milliseconds. */
  now() {
    return Date.now() + (this.#offset ?? 0);
  }

  /** What is heard now. @returns {Utterance | undefined} */
  get speaking() {
    return this.state?.in_hand.find(({ status }) => status === "playing");
  }

  /** What the player has beside it. @returns {Utterance | undefined} */
  get next() {
    return this.state?.in_hand.find(({ status }) => status === "sent" || status === "making");
  }

  #listen() {
    if (this.#connection.state === "open") this.#connection.send({ action: "listen", room: this.name, role: "monitor" });
  }

  #take(frame) {
    if (frame.type === "error") return this.#takeError(frame);
    if (frame.type === "listening") this.#setClock(frame.now);
    else if (frame.type === "state") this.#takeState(frame.state);
    else if (frame.type === "utterance") this.known.learn({ ...frame, text: frame.original });
    else if (frame.type === "merged") this.history.takeMerged(frame, this.now());
    else if (frame.type === "dropped") this.#takeDropped(frame);
    else if (frame.type === "retracted") this.history.takeRetracted(frame, this.now());
    else return;
    this.dispatchEvent(new Event("change"));
  }

  #takeError({ action, error }) {
    if (action !== "listen") return;
    this.problem = error;
    this.dispatchEvent(new Event("refused"));
  }

  #takeDropped({ ids, reason, danmu }) {
    const seen = { kind: "danmu", viewer: "", count: 1 };
    ids.forEach((id, index) => this.known.of(id) ?? this.known.learn({ ...seen, id, ...danmu[index] }));
    this.history.takeDropped({ ids, reason }, this.now());
  }

  #takeState(news) {
    if (news.room !== this.name) return;
    this.#settings = news.settings ?? this.#settings;
    const isOld = news.now < this.#newest?.now && news.now > this.#newest.now - CLOCK_BACK_MS; // they overtake each other
    if (!isOld) this.#newest = news;
    if (!this.#settings) return; // told before we were answered
    const state = { ...this.#newest, settings: this.#settings };
    this.#setClock(state.now);
    for (const utterance of [...state.recent, ...state.in_hand, ...state.waiting]) this.known.learn(utterance);
    this.history.takeState(state);
    this.series.take(state);
    this.state = state;
    this.problem = null;
    this.dispatchEvent(new Event("state"));
  }

  /** A state that came fast is the one to believe: it is late by the least. */
  #setClock(now) {
    const offset = now - Date.now();
    const isJump = this.#offset === null || Math.abs(offset - this.#offset) > CLOCK_JUMP_MS;
    this.#offset = isJump ? offset : Math.max(offset, this.#offset - CLOCK_DRIFT_MS);
  }
}
