// A WebSocket that is there: it reconnects, renews itself, keeps itself awake, and says how it is.

import { keepKey } from "./credentials.js";

/** The code of what API Gateway says itself. */
export const GATEWAY_FAILED = "gateway_failed";

const SUBPROTOCOL = "danmu-tts.v1";
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 10_000;
const HANDSHAKE_MS = 10_000;
const PONG_MS = 10_000;
const STEADY_MS = 5_000; // one that lasted shorter was none: the waits go on growing
const PING_EVERY_MS = 5 * 60_000; // API Gateway closes what is idle for 10 minutes
const RENEW_AFTER_MS = [90 * 60_000, 115 * 60_000]; // and everything after 2 hours

/** @typedef {"connecting" | "open" | "away" | "key"} State key: it wants one, or another one */

/**
 * Events: `frame` (detail: a parsed server frame), `state` (detail: a State).
 */
export class Connection extends EventTarget {
  /** @type {State} */
  state = "connecting";
  #url;
  #clientId;
  #key;
  #keep;
  #socket = null;
  #attempt = 0;
  #timers = new Map();

  /**
   * @param {{url: string, clientId: string, key: string, isIdle: () => boolean, keep?: (key: string) => void}} options
   *   isIdle: nothing is awaited; keep: takes a key that was good
   */
  constructor({ url, clientId, key, isIdle, keep = keepKey }) {
    super();
    this.#url = url;
    this.#clientId = clientId;
    this.#key = key;
    this.#keep = keep;
    this.isIdle = isIdle;
    addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
  }

  /** Connect now, whatever was waited for. */
  connect() {
    this.#drop();
    this.#setState("connecting");
    const socket = new WebSocket(`${this.#url}?client=${this.#clientId}`, [SUBPROTOCOL, ...(this.#key ? [this.#key] : [])]);
    this.#socket = socket;
    this.#after("handshake", HANDSHAKE_MS, () => this.#lost());
    socket.onopen = () => this.#opened();
    socket.onclose = () => this.#lost();
    socket.onmessage = ({ data }) => this.#received(data);
  }

  /** @param {object} frame @returns {boolean} false: it is not connected, and nothing was sent */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Somebody is looking, or the network is back: find out at once whether this still works. */
  wake() {
    if (this.state === "away") this.connect();
    else if (this.state === "open") this.#ping();
  }

  /** An answer is overdue: open another one unless anything comes within so long. @param {number} ms */
  probe(ms) {
    if (this.#timers.has("probe") || !this.send({ action: "ping" })) return;
    this.#after("probe", ms, () => this.#lost());
  }

  get hasKey() {
    return this.#key !== "";
  }

  /** @param {string} key */
  useKey(key) {
    this.#key = key;
    this.connect();
  }

  #opened() {
    this.#stop("handshake");
    const [least, most] = RENEW_AFTER_MS;
    this.#after("steady", STEADY_MS, () => (this.#attempt = 0));
    this.#after("ping", PING_EVERY_MS, () => this.#ping());
    this.#after("renew", least + Math.random() * (most - least), () => this.#renew());
    if (this.#key) this.#keep(this.#key);
    this.#setState("open");
  }

  #received(data) {
    this.#stop("pong"); // whatever comes, it lives
    this.#stop("probe");
    const frame = readFrame(data);
    if (frame.type !== "pong") this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #ping() {
    if (!this.send({ action: "ping" })) return;
    this.#after("pong", PONG_MS, () => this.#lost());
    this.#after("ping", PING_EVERY_MS, () => this.#ping());
  }

  #renew() {
    if (this.isIdle()) this.connect();
    else this.#after("renew", 1000, () => this.#renew());
  }

  /** A refused handshake looks like a server that is away; REST tells the two apart. */
  async #lost() {
    const wasOpen = this.state === "open";
    const key = this.#key;
    this.#drop();
    this.#setState("away");
    // Full jitter: clients that were lost together do not come back together.
    const most = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#attempt++);
    this.#after("retry", Math.random() * most, () => this.connect());
    if (wasOpen || !(await this.#wantsKey()) || this.state === "open" || this.#key !== key) return;
    this.#drop();
    this.#setState("key");
  }

  async #wantsKey() {
    const headers = this.#key ? { authorization: `Bearer ${this.#key}` } : {};
    try {
      return (await fetch("/v1/models", { headers, cache: "no-store" })).status === 401;
    } catch {
      return false;
    }
  }

  #drop() {
    for (const name of this.#timers.keys()) this.#stop(name);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
  }

  #setState(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  #after(name, ms, act) {
    this.#stop(name);
    this.#timers.set(name, setTimeout(act, ms));
  }

  #stop(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}

/** Where our function fails, API Gateway itself says so, in words of its own. */
function readFrame(data) {
  const frame = JSON.parse(data);
  return frame.type ? frame : { type: "error", error: { message: frame.message ?? "", code: GATEWAY_FAILED } };
}
