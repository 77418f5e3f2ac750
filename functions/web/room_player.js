// A room's player: asks for the next utterance just in time, plays it, and says what became of it.

import { BoundedMap, Lead, Recent } from "./room_figures.js";
import { Playlist } from "./room_playlist.js";

const HEARTBEAT_MS = 1100; // after 3 s of silence another player takes over
const LEAST_BETWEEN_MS = 100;
const LISTEN_AGAIN_MS = 3000;
const QUIET_MS = 2000;
const PROBE_MS = 2000;
const REFUSED_MS = 30_000;
const KNOWN = 200;
const BACK_TO_BACK_MS = 100;
const CLOCKS_DIFFER_MS = 200; // the room's clock came by a message, and the room hears of what begins by another one

/** @typedef {"fine" | "away" | "refused" | "forbidden" | "silent" | "standby"} Condition silent: sound is blocked */

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./room_audio.js").RoomAudio} RoomAudio */

/**
 * Events: `start` (detail: the Item that is heard from now on), `end` (detail: {id, outcome, hasStarted}), `merged`
 * (detail: the frame), `condition` (detail: a Condition).
 */
export class RoomPlayer extends EventTarget {
  /** @type {Condition} */
  condition = "away";
  #connection;
  #room;
  #audio;
  #playlist;
  #lead = new Lead();
  #known = new BoundedMap(KNOWN); // id to what became of it, empty while that is open
  #retracted = new BoundedMap(KNOWN);
  #unsent = [];
  #unconfirmed = []; // reports after which nothing came: perhaps they were lost with the connection
  #isListening = false;
  #listenAt = 0;
  #clock = 0; // the room's clock less ours
  #active = null; // unknown until the server says so, or lets us play
  #hasCredit = false;
  #askedAt = null;
  #hasWaited = true;
  #saidAt = -Infinity;
  #againAt = Infinity;
  #heardFromAt = 0;
  #refusal = null;
  #forgetAlarm = () => {};
  #figures = { played: 0, gaps: new Recent(), latencies: new Recent() };

  /** @param {{connection: Connection, room: string, audio: RoomAudio}} options */
  constructor({ connection, room, audio }) {
    super();
    this.#connection = connection;
    this.#room = room;
    this.#audio = audio;
    this.#playlist = new Playlist(audio, (frame, inMs) => this.#now() + inMs + CLOCKS_DIFFER_MS > frame.expires_at);
    this.#playlist.addEventListener("start", ({ detail }) => this.#started(detail));
    this.#playlist.addEventListener("end", ({ detail }) => this.#ended(detail));
    connection.addEventListener("state", ({ detail }) => this.#connectionIs(detail));
    connection.addEventListener("frame", ({ detail }) => this.#received(detail));
    audio.addEventListener("change", () => this.#tick());
    setInterval(() => this.#tick(), HEARTBEAT_MS / 2); // the audio clock's alarms are better, while it runs
  }

  /** Nothing was asked whose answer a new connection would miss. */
  get isIdle() {
    return this.#askedAt === null;
  }

  /** Milliseconds of what is heard now that were heard; null: nothing is. */
  get positionMs() {
    const { current } = this.#playlist;
    return current ? (this.#audio.heardAt - current.sound.at) * 1000 : null;
  }

  get stats() {
    const gaps = this.#figures.gaps.values;
    const latencies = this.#figures.latencies.values;
    return { played: this.#figures.played, lastGapMs: gaps.at(-1) ?? null, gaps, latencies, lead: this.#lead.ms };
  }

  // What is said

  #tick() {
    const now = performance.now();
    if (this.#connection.state === "open") this.#speakUp(now);
    this.#wakeLater(now);
    this.#tellCondition();
  }

  #speakUp(now) {
    if (this.#refusal) return;
    if (now - this.#heardFromAt > QUIET_MS) {
      this.#heardFromAt = now;
      this.#connection.probe(PROBE_MS);
    }
    if (!this.#isListening) {
      if (now >= this.#listenAt) this.#listen(now);
    } else if (this.#audio.isRunning) {
      const needs = this.#needs;
      const isWanted = needs && (!this.#hasCredit || now >= this.#againAt) && now >= this.#saidAt + LEAST_BETWEEN_MS;
      if (isWanted || now >= this.#saidAt + HEARTBEAT_MS) this.#ready(now, needs);
    }
  }

  get #needs() {
    return this.#playlist.ahead === 0 && this.#playlist.remainingMs < this.#lead.ms;
  }

  #listen(now) {
    this.#listenAt = now + LISTEN_AGAIN_MS;
    this.#connection.send({ action: "listen", room: this.#room, role: "player" });
  }

  #ready(now, needs) {
    const buffered_ms = Math.min(600_000, Math.round(this.#playlist.remainingMs));
    const holds = this.#playlist.ids;
    const frame = { action: "ready", room: this.#room, buffered_ms, credits: needs ? 1 : 0, holds };
    if (!this.#connection.send(frame)) return;
    this.#saidAt = now;
    this.#againAt = Infinity;
    if (!needs) return;
    this.#hasCredit = true;
    this.#askedAt ??= now;
  }

  #report(id, outcome) {
    this.#unsent.push({ action: "played", room: this.#room, id, outcome });
    this.#sendReports();
  }

  #sendReports() {
    while (this.#isListening && this.#unsent.length > 0 && this.#connection.send(this.#unsent[0])) {
      this.#unconfirmed.push(this.#unsent.shift());
    }
  }

  #wakeLater(now) {
    const dues = [HEARTBEAT_MS, LEAST_BETWEEN_MS].map((ms) => this.#saidAt + ms - now);
    dues.push(this.#againAt - now);
    if (!this.#hasCredit) dues.push(this.#playlist.remainingMs - this.#lead.ms);
    const inMs = Math.min(HEARTBEAT_MS / 2, ...dues.filter((ms) => ms > 0));
    this.#forgetAlarm();
    this.#forgetAlarm = this.#audio.alarm(this.#audio.now + Math.max(10, inMs) / 1000, () => this.#tick());
  }

  // What is heard

  #connectionIs(state) {
    this.#isListening = this.#hasCredit = false;
    this.#active = this.#askedAt = null;
    this.#listenAt = 0;
    this.#saidAt = -Infinity;
    this.#refusal = null;
    this.#heardFromAt = performance.now();
    this.#unsent.unshift(...this.#unconfirmed.splice(0));
    if (state === "key") this.#tryAgainLater();
    this.#tick();
  }

  #received(frame) {
    if (frame.room !== undefined && frame.room !== this.#room) return;
    this.#heardFromAt = performance.now();
    this.#unconfirmed = [];
    if (frame.type === "listening") this.#listening(frame);
    else if (frame.type === "waiting") this.#waiting(frame);
    else if (frame.type === "utterance") this.#take(frame);
    else if (frame.type === "retracted") this.#retract(frame.ids);
    else if (frame.type === "merged") this.#merged(frame);
    else if (frame.type === "error") this.#fail(frame);
    this.#tick();
  }

  #listening({ now }) {
    this.#isListening = true;
    this.#clock = now - performance.now();
    this.#sendReports();
  }

  #waiting({ active, again_in_ms, reason }) {
    this.#active = active;
    this.#againAt = performance.now() + again_in_ms;
    if (!active) this.#playlist.dropWaiting();
    if (reason === "making") return; // it is on its way
    if (this.#hasCredit) this.#hasWaited = true;
    this.#askedAt = null;
  }

  #take(frame) {
    if (!frame.audio) return; // another player was given it
    const end = this.#known.get(frame.id);
    if (end) this.#report(frame.id, end); // it is sent again, so that was not heard
    if (end !== undefined) return;
    this.#active = true;
    this.#known.set(frame.id, "");
    if (this.#askedAt !== null) this.#took(performance.now() - this.#askedAt);
    this.#hasCredit = false;
    this.#askedAt = null;
    this.#playlist.add({ ...frame, hasWaited: this.#hasWaited });
    this.#hasWaited = false;
    if (this.#retracted.has(frame.id)) this.#playlist.retract(frame.id);
  }

  #took(ms) {
    this.#lead.took(ms);
    this.#figures.latencies.add(ms);
  }

  #retract(ids) {
    for (const id of ids) {
      this.#retracted.set(id, true);
      this.#playlist.retract(id);
    }
  }

  #merged(frame) {
    this.#playlist.recount(frame);
    this.dispatchEvent(new CustomEvent("merged", { detail: frame }));
  }

  #fail({ action, error, retry_after_s }) {
    if (error.code === "forbidden" || error.code === "unauthorized") {
      this.#refusal = error.code === "forbidden" ? "forbidden" : "refused";
      this.#isListening = false;
      this.#tryAgainLater();
    } else if (action === "listen") this.#listenAt = performance.now() + (retry_after_s ?? 1) * 1000;
    else if (action === "ready") {
      if (retry_after_s) this.#againAt = performance.now() + retry_after_s * 1000;
      else this.#isListening = false; // it does not know us any more
    }
  }

  #tryAgainLater() {
    setTimeout(() => {
      if (this.#connection.state === "key" || this.#refusal) this.#connection.connect();
    }, REFUSED_MS);
  }

  // What is played

  #started(item) {
    const { gapMs } = item;
    if (gapMs !== null && (!item.frame.hasWaited || gapMs < BACK_TO_BACK_MS)) this.#figures.gaps.add(gapMs);
    this.#report(item.id, "started");
    this.dispatchEvent(new CustomEvent("start", { detail: item }));
    this.#tick();
  }

  #ended({ item, outcome }) {
    this.#known.set(item.id, outcome);
    if (outcome === "heard") this.#figures.played++;
    this.#report(item.id, outcome);
    this.dispatchEvent(new CustomEvent("end", { detail: { id: item.id, outcome, hasStarted: item.hasStarted } }));
    this.#tick();
  }

  #now() {
    return performance.now() + this.#clock;
  }

  #tellCondition() {
    const condition = this.#conditionNow();
    if (condition === this.condition) return;
    this.condition = condition;
    this.dispatchEvent(new CustomEvent("condition", { detail: condition }));
  }

  #conditionNow() {
    if (this.#connection.state === "key") return "refused";
    if (this.#refusal) return this.#refusal;
    if (!this.#isListening) return "away";
    if (!this.#audio.isAllowed) return "silent";
    return this.#active === false ? "standby" : "fine";
  }
}
