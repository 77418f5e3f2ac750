// Sound on the audio clock: decoded whole, begun at the very sample, silenced without a click.

import { fromBase64 } from "./pcm.js";

const FADE_S = 0.012; // an abrupt end would click
const FETCH_MS = 8000;
const TRIES = 2;
const STALLED_MS = 2500; // a clock that stands still so long has lost its device

/** Events: `change` (whether sound can be heard). */
export class RoomAudio extends EventTarget {
  #context;
  #out;
  #moved = { at: 0, since: performance.now() };

  /** @param {{volume?: number}} options 0 to 1 */
  constructor({ volume = 1 } = {}) {
    super();
    this.#context = new AudioContext({ latencyHint: "balanced" });
    this.#out = new GainNode(this.#context, { gain: volume });
    this.#out.connect(this.#context.destination);
    this.#context.addEventListener("statechange", () => this.dispatchEvent(new Event("change")));
  }

  /** Seconds. */
  get now() {
    return this.#context.currentTime;
  }

  /** What is heard now was scheduled for then, seconds. */
  get heardAt() {
    return this.#context.currentTime - (this.#context.outputLatency || 0);
  }

  get isAllowed() {
    return this.#context.state === "running";
  }

  /** Whether the clock runs; without that nothing would ever end. */
  get isRunning() {
    if (!this.isAllowed) return false;
    const { now } = this;
    if (now !== this.#moved.at) this.#moved = { at: now, since: performance.now() };
    return performance.now() - this.#moved.since < STALLED_MS;
  }

  /** To be called while the user clicks, where the browser asks for that. */
  unlock() {
    this.#context.resume().catch(() => {});
  }

  /**
   * @param {{data?: string | null, url?: string | null}} audio @param {AbortSignal} signal
   * @returns {Promise<AudioBuffer>} rejects where it cannot be had or is no audio
   */
  async decode({ data, url }, signal) {
    const bytes = data ? fromBase64(data).buffer : await download(url, signal);
    return this.#context.decodeAudioData(bytes);
  }

  /**
   * @param {AudioBuffer} buffer @param {number} at seconds of the clock
   * @param {{onStart: () => void, onEnd: () => void}} told neither is called after `stop`
   */
  schedule(buffer, at, told) {
    return new Sound(this.#context, this.#out, buffer, at, told);
  }

  /**
   * A timer by the audio clock: it is on time also where the page is hidden, whose other timers are late.
   * @param {number} at seconds of the clock @param {() => void} act @returns {() => void} forgets it
   */
  alarm(at, act) {
    return alarm(this.#context, at, act);
  }
}

class Sound {
  #context;
  #gain;
  #source;
  #forget;

  constructor(context, out, buffer, at, { onStart, onEnd }) {
    this.#context = context;
    this.at = at;
    this.end = at + buffer.duration;
    this.#gain = new GainNode(context);
    this.#source = new AudioBufferSourceNode(context, { buffer });
    this.#source.connect(this.#gain).connect(out);
    this.#source.onended = () => {
      this.#release();
      onEnd();
    };
    this.#source.start(at);
    this.#forget = alarm(context, at, onStart);
  }

  /** Be silent at once. */
  stop() {
    const now = this.#context.currentTime;
    if (now < this.at) {
      this.#source.stop();
      this.#release();
      return;
    }
    this.#gain.gain.setValueAtTime(1, now);
    this.#gain.gain.linearRampToValueAtTime(0, now + FADE_S);
    this.#source.onended = () => this.#release();
    this.#source.stop(now + FADE_S);
    this.#forget();
  }

  #release() {
    this.#forget();
    this.#source.onended = null;
    this.#source.disconnect();
    this.#gain.disconnect();
  }
}

function alarm(context, at, act) {
  const source = new ConstantSourceNode(context, { offset: 0 });
  const forget = () => {
    source.onended = null;
    source.disconnect();
  };
  source.onended = () => {
    forget();
    act();
  };
  source.connect(context.destination); // what is not connected never ends
  source.start();
  source.stop(Math.max(at, context.currentTime));
  return forget;
}

/** A second try costs little; an utterance that is lost is lost. */
async function download(url, signal, tries = TRIES) {
  const late = new AbortController();
  const stop = () => late.abort();
  const timer = setTimeout(stop, FETCH_MS / TRIES);
  signal.addEventListener("abort", stop);
  try {
    const answer = await fetch(url, { credentials: "omit", signal: late.signal });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return await answer.arrayBuffer();
  } catch (error) {
    if (signal.aborted || tries <= 1) throw error;
    return download(url, signal, tries - 1);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
