// Plays utterances one after another, each while it still arrives, without a gap between its pieces.

import { RATE_HZ } from "./pcm.js";

const START_DELAY_S = 0.05; // evens out how unevenly the first pieces come
const FADE_S = 0.012; // an abrupt end would click

/** Tracks are heard in the order in which they were made. */
export class Player {
  #context = null;
  /** @type {Track[]} */
  #tracks = [];

  /** To be called while the user clicks or types: browsers allow sound only then. */
  unlock() {
    this.#context ??= new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
    if (this.#context.state !== "running") this.#context.resume();
  }

  /** @returns {Track} the next to be heard */
  add() {
    const track = new Track(this.#context, () => this.#next(track));
    this.#tracks.push(track);
    if (this.#tracks.length === 1) track.play();
    return track;
  }

  #next(over) {
    const wasHeard = this.#tracks[0] === over;
    this.#tracks = this.#tracks.filter((track) => track !== over);
    if (wasHeard) this.#tracks[0]?.play();
  }
}

/**
 * One utterance. Events: `start` (detail: {inMs: until its first sound, hasWaited: whether the track before it was
 * still heard}; it can come again after a restart), `end` (all of it was heard, or it was stopped).
 */
class Track extends EventTarget {
  #context;
  #whenOver;
  #gain;
  #waiting = []; // pieces that came before its turn
  #playing = new Set();
  #segments = []; // what is heard when: {at: seconds of the context, from: sample, length: samples}
  #total = 0;
  #heardInAll = 0;
  #isTurn = false;
  #hasWaited = false;
  #isComplete = false;
  isOver = false;

  constructor(context, whenOver) {
    super();
    this.#context = context;
    this.#whenOver = whenOver;
    this.#openGain();
  }

  /** Its turn has come. */
  play() {
    this.#isTurn = true;
    this.#hasWaited = this.#waiting.length > 0;
    for (const samples of this.#waiting.splice(0)) this.#schedule(samples);
    this.#endIfHeard();
  }

  /** @param {Float32Array} samples */
  push(samples) {
    if (this.isOver || samples.length === 0) return;
    if (this.#isTurn) this.#schedule(samples);
    else this.#waiting.push(samples);
  }

  /** No more will come. */
  complete() {
    this.#isComplete = true;
    this.#endIfHeard();
  }

  /** Forget all that came, heard or not. */
  restart() {
    this.#silence();
    this.#openGain();
    this.#waiting = [];
    this.#segments = [];
    this.#total = 0;
    this.#isComplete = this.#hasWaited = false;
  }

  /** Be silent at once and let the next one speak. */
  stop() {
    if (this.isOver) return;
    const { heard } = this;
    this.#silence();
    this.#waiting = [];
    this.#over(heard);
  }

  /** Whether some of it was heard. */
  get hasSounded() {
    return this.heard > 0;
  }

  /** How many of its samples were heard by now. */
  get heard() {
    if (this.isOver) return this.#heardInAll;
    const now = this.#context.currentTime - (this.#context.outputLatency || 0);
    const segment = this.#segments.findLast(({ at }) => at <= now);
    return segment ? segment.from + Math.min(segment.length, Math.round((now - segment.at) * RATE_HZ)) : 0;
  }

  #schedule(samples) {
    const context = this.#context;
    const last = this.#segments.at(-1);
    const earliest = context.currentTime + (last ? 0 : START_DELAY_S);
    const next = last ? last.at + last.length / RATE_HZ : 0;
    // Where nothing was late it continues at the very sample; else it goes on now.
    const isLate = next < earliest;
    const at = isLate ? Math.ceil(earliest * RATE_HZ) / RATE_HZ : next;
    if (isLate) this.#segments.push({ at, from: this.#total, length: samples.length });
    else last.length += samples.length;
    this.#total += samples.length;
    const buffer = context.createBuffer(1, samples.length, RATE_HZ);
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(this.#gain);
    source.onended = () => {
      this.#playing.delete(source);
      this.#endIfHeard();
    };
    this.#playing.add(source);
    source.start(at);
    if (last) return;
    const detail = { inMs: (at - context.currentTime) * 1000, hasWaited: this.#hasWaited };
    this.dispatchEvent(new CustomEvent("start", { detail }));
  }

  #endIfHeard() {
    if (this.#isTurn && this.#isComplete && !this.isOver && this.#playing.size === 0) this.#over(this.#total);
  }

  #over(heard) {
    this.#heardInAll = heard;
    this.isOver = true;
    this.#whenOver();
    this.dispatchEvent(new Event("end"));
  }

  #openGain() {
    this.#gain = new GainNode(this.#context);
    this.#gain.connect(this.#context.destination);
  }

  #silence() {
    const until = this.#context.currentTime + FADE_S;
    this.#gain.gain.setValueAtTime(1, this.#context.currentTime);
    this.#gain.gain.linearRampToValueAtTime(0, until);
    for (const source of this.#playing) {
      source.onended = null;
      source.stop(until);
    }
    this.#playing.clear();
  }
}
