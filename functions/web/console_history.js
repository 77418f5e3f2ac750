// What became of what: spoken, merged, let go, retracted. The last hundred, the newest first.

const MOST = 100;
const TOGETHER_MS = 5000; // what is let go unseen, and for one reason, is one entry for so long
const SHOWN_TOGETHER = 3;

/**
 * @typedef {"spoken" | "merged" | "dropped" | "retracted"} Happening
 * @typedef {object} Entry
 * @property {number} key
 * @property {Happening} what
 * @property {string} id empty where several are one entry
 * @property {number} at the room's clock
 * @property {number} lines how many are in it
 * @property {string} reason
 */

export class History {
  /** @type {Entry[]} */
  entries = [];
  #known;
  #nextKey = 0;
  #spoken = new Set();
  #isFirst = true;

  /** @param {import("./console_known.js").Known} known */
  constructor(known) {
    this.#known = known;
  }

  /** What was spoken is not announced; it turns up in the state. */
  takeState({ recent, waiting, in_hand, now }) {
    const again = new Set([...waiting, ...in_hand].map(({ id }) => id)); // to be spoken, if they were already: once more
    for (const { id, lateness_ms } of recent.toReversed()) {
      if (again.has(id)) this.#spoken.delete(id);
      if (again.has(id) || this.#spoken.has(id)) continue;
      this.#spoken.add(id);
      // When the first were spoken is not known.
      this.#add({ what: "spoken", at: this.#isFirst ? 0 : now, ...this.#seen(id), lateness_ms });
    }
    this.#isFirst = false;
    this.#forgetSpoken(recent);
  }

  takeMerged({ id, count, people }, now) {
    const merged = { count, people, at: now };
    const before = this.entries.find((entry) => entry.what === "merged" && entry.id === id);
    if (before) this.#change(before, { ...this.#seen(id), ...merged });
    else this.#add({ what: "merged", ...this.#seen(id), ...merged });
  }

  takeDropped({ ids, reason }, now) {
    const isMany = ids.length > SHOWN_TOGETHER;
    const unseen = ids.filter((id) => isMany || !this.#known.of(id));
    if (!isMany) for (const id of ids) if (this.#known.of(id)) this.#letGo("dropped", id, reason, now);
    if (unseen.length > 0) this.#letGoTogether(unseen, reason, now);
  }

  takeRetracted({ ids }, now) {
    for (const id of ids) this.#letGo("retracted", id, "", now);
  }

  /** One thing may be said twice, as retracted and as dropped; the reason is worth more. */
  #letGo(what, id, reason, now) {
    const before = this.entries.find((entry) => entry.id === id && (entry.what === "dropped" || entry.what === "retracted"));
    if (before && now - before.at < TOGETHER_MS) {
      if (reason) this.#change(before, { what, reason });
    } else this.#add({ what, reason, at: now, ...this.#seen(id) });
  }

  #letGoTogether(ids, reason, now) {
    const before = this.entries.find((entry) => entry.id === "" && entry.reason === reason);
    const text = ids.flatMap((id) => this.#known.of(id)?.text || []).slice(0, SHOWN_TOGETHER).join(" · ");
    if (before && !text && now - before.at < TOGETHER_MS) this.#change(before, { lines: before.lines + ids.length });
    else this.#add({ what: "dropped", reason, at: now, ...this.#seen(""), text, lines: ids.length });
  }

  #seen(id) {
    const { viewer = "", name = "", text = "", gift = "", kind = "danmu", count = 1, people = 1 } = this.#known.of(id) ?? {};
    return { id, viewer, name, text, gift, kind, count, people, lines: 1 };
  }

  #add(entry) {
    this.entries.unshift({ key: this.#nextKey++, version: 0, reason: "", ...entry });
    if (this.entries.length > MOST) this.entries.length = MOST;
  }

  #change(entry, changes) {
    Object.assign(entry, changes);
    entry.version++;
  }

  #forgetSpoken(recent) {
    if (this.#spoken.size <= recent.length + MOST) return;
    this.#spoken = new Set(recent.map(({ id }) => id));
  }
}
