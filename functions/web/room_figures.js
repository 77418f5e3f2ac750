// What a player learns about its own timing, and for how long it remembers it.

const KEPT = 50;
const LATENCIES = 12; // a minute or so of a busy room
const FIRST_LEAD_MS = 1500;
const LEAST_LEAD_MS = 800;
const MOST_LEAD_MS = 4000;
const SPARE = 1.5;

/** The last few of something. */
export class Recent {
  #most;
  #values = [];

  constructor(most = KEPT) {
    this.#most = most;
  }

  add(value) {
    this.#values.push(value);
    if (this.#values.length > this.#most) this.#values.shift();
  }

  get values() {
    return [...this.#values];
  }
}

/** How long before its end a player asks for more: late, so as to commit to little, yet early enough for no gap. */
export class Lead {
  #latencies = new Recent(LATENCIES);

  /** @param {number} ms from asking to having */
  took(ms) {
    this.#latencies.add(ms);
  }

  get ms() {
    const { values } = this.#latencies;
    if (values.length === 0) return FIRST_LEAD_MS;
    return Math.min(MOST_LEAD_MS, Math.max(LEAST_LEAD_MS, SPARE * Math.max(...values)));
  }
}

/** A map that forgets what came first. */
export class BoundedMap extends Map {
  #most;

  constructor(most) {
    super();
    this.#most = most;
  }

  set(key, value) {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#most) this.delete(this.keys().next().value);
    return this;
  }
}
