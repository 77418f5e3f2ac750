// The last minutes of a room, a sample a second.

const KEPT_MS = 6 * 60_000;
const STEP_MS = 1000;
const GAP_MS = 25_000; // two heartbeats without an answer: what was between them is not known
const LEAST_MS = 5000; // a rate over less is noise

/** @typedef {{at: number, backlog_ms: number, arrived: number, spoken: number}} Sample at: the room's clock */

export class Series {
  /** @type {Sample[]} */
  #samples = [];

  /** @param {object} state a RoomState */
  take({ now, backlog_ms, counts: { arrived, spoken } }) {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last && (arrived < last.arrived || now < last.at)) samples.length = 0; // the room began anew
    const sample = { at: now, backlog_ms, arrived, spoken };
    // The last one moves until its second is over, so that there is always one of now.
    if (samples.length > 1 && now - samples.at(-2).at < STEP_MS) samples[samples.length - 1] = sample;
    else samples.push(sample);
    while (samples[0].at < now - KEPT_MS) samples.shift();
  }

  /** The samples of so long a time, in pieces where some are missing. @param {number} from @returns {Sample[][]} */
  pieces(from) {
    const pieces = [];
    let before = -Infinity;
    for (const sample of this.#samples) {
      if (sample.at < from) continue;
      if (sample.at - before > GAP_MS) pieces.push([]);
      pieces.at(-1).push(sample);
      before = sample.at;
    }
    return pieces;
  }

  /** How many a minute, over the last one; null: too little is known. @param {"arrived" | "spoken"} field */
  perMinute(field, now) {
    return this.#rate(field, now - 60_000, now, LEAST_MS);
  }

  /** The same for each of the steps since a time. @returns {(number | null)[]} */
  steps(field, from, now, stepMs) {
    const steps = [];
    for (let start = from; start < now; start += stepMs) steps.push(this.#rate(field, start, start + stepMs, stepMs / 2));
    return steps;
  }

  #rate(field, from, to, leastMs) {
    const first = this.#before(from) ?? this.#samples[0];
    const last = this.#before(to);
    if (!first || !last || last.at - first.at < leastMs) return null;
    return ((last[field] - first[field]) / (last.at - first.at)) * 60_000;
  }

  /** The last sample until a time. */
  #before(time) {
    return this.#samples.findLast((sample) => sample.at <= time);
  }
}
