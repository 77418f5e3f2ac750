// Utterances on their way over a connection: pieces put into order, and taken up again after a reconnect.

import { GATEWAY_FAILED } from "./connection.js";
import { randomHex } from "./credentials.js";
import { fromBase64, PcmDecoder } from "./pcm.js";

const NOT_FOUND = "not_found";

/** All that are unfinished. */
export class Speaks {
  #connection;
  /** @type {Map<string, Speak>} */
  #unfinished = new Map();

  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    this.#connection = connection;
    connection.addEventListener("frame", ({ detail }) => this.#take(detail));
    connection.addEventListener("state", ({ detail }) => detail === "open" && this.#resume());
  }

  get isIdle() {
    return this.#unfinished.size === 0;
  }

  /** @param {{text: string, voice?: string, speed?: number}} fields of a speak frame @returns {Speak} */
  speak(fields) {
    const send = (frame) => this.#connection.send(frame);
    const speak = new Speak(send, () => this.#unfinished.delete(speak.id));
    this.#unfinished.set(speak.id, speak);
    // If it is lost on the way, the server will not know it after the reconnect.
    send({ action: "speak", id: speak.id, format: "pcm", ...fields });
    return speak;
  }

  #take(frame) {
    if (frame.id) this.#unfinished.get(frame.id)?.take(frame);
    else if (frame.type === "error" && frame.action === "speak") this.#unfinished.get(frame.about)?.take(frame);
    else if (frame.type === "error" && frame.error.code === GATEWAY_FAILED) {
      // Our function failed before it knew what was asked: what was accepted goes on.
      for (const speak of this.#unfinished.values()) if (!speak.isAccepted) speak.take(frame);
    }
  }

  #resume() {
    if (this.isIdle) return;
    const unfinished = [...this.#unfinished.values()];
    this.#connection.send({ action: "resume", speaks: unfinished.map(({ id, nextSeq }) => ({ id, seq: nextSeq })) });
    for (const speak of unfinished) if (speak.isCancelling) speak.cancel();
  }
}

/**
 * One utterance. Events: `accepted`; `samples` (detail: Float32Array); `restart`: forget what came; `complete`: all
 * audio is there; and one of these at its end: `done` (detail: the frame, or null if the server no longer knew),
 * `cancelled`, `gone` (the server was restarted and forgot it), `failed` (detail: the frame's error).
 */
export class Speak extends EventTarget {
  id = randomHex(8);
  nextSeq = 0;
  chunks = 0;
  bytes = 0;
  isAccepted = false;
  isCancelling = false;
  isOver = false;
  #send;
  #whenOver;
  #early = new Map(); // pieces that overtook others
  #decoder = new PcmDecoder();
  #isComplete = false;
  #done = null;
  #fetching = null;

  constructor(send, whenOver) {
    super();
    this.#send = send;
    this.#whenOver = whenOver;
  }

  cancel() {
    this.isCancelling = true;
    this.#fetching?.abort();
    this.#send({ action: "cancel", id: this.id });
  }

  /** A frame with its id came. */
  take(frame) {
    if (frame.type === "accepted") {
      this.isAccepted = true;
      this.#tell("accepted");
    }
    if (frame.type === "cancelled") this.#over("cancelled");
    else if (frame.type === "audio") this.#takePiece(frame);
    else if (frame.type === "error") this.#takeError(frame.error);
    else if (frame.type === "done") {
      this.#done = frame;
      this.#doneIfComplete();
    }
  }

  #takePiece(piece) {
    if (piece.seq >= this.nextSeq) this.#early.set(piece.seq, piece);
    for (let next; !this.isOver && (next = this.#early.get(this.nextSeq)); ) {
      this.#early.delete(this.nextSeq++);
      this.#play(next);
    }
  }

  #play({ data, url, final, restart }) {
    if (restart) this.#restart();
    this.chunks++;
    if (url) this.#fetch(new URL(url, location.href));
    else {
      if (data) this.#decode(fromBase64(data));
      if (final) this.#complete();
    }
  }

  #restart() {
    this.#fetching?.abort();
    this.#decoder = new PcmDecoder();
    this.#isComplete = false;
    this.chunks = this.bytes = 0;
    this.#tell("restart");
  }

  async #fetch(url) {
    const fetching = (this.#fetching = new AbortController());
    try {
      const answer = await fetch(url, { credentials: "omit", signal: fetching.signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const reader = answer.body.getReader();
      for (let read; !(read = await reader.read()).done; ) this.#decode(read.value);
      this.#complete();
    } catch (error) {
      if (!fetching.signal.aborted) this.#over("failed", { message: `The audio cannot be had: ${error.message}`, code: "network" });
    }
  }

  #decode(bytes) {
    this.bytes += bytes.length;
    const samples = this.#decoder.decode(bytes);
    if (samples.length > 0 && !this.isCancelling) this.#tell("samples", samples);
  }

  #complete() {
    this.#isComplete = true;
    this.#tell("complete");
    this.#doneIfComplete();
  }

  #doneIfComplete() {
    if (this.#done && (this.#isComplete || this.isCancelling)) this.#over("done", this.#done);
  }

  #takeError(error) {
    if (error.code !== NOT_FOUND) this.#over("failed", error);
    else if (this.isCancelling) this.#over("cancelled");
    else if (this.#isComplete) this.#over("done", null);
    else this.#over("gone");
  }

  #over(how, detail) {
    if (this.isOver) return;
    this.isOver = true;
    this.#fetching?.abort();
    this.#whenOver();
    this.#tell(how, detail);
  }

  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}
