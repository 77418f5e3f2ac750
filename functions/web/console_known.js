// What was seen waiting, spoken or let go, by id.

const MOST_UTTERANCES = 2000;
const MOST_VIEWERS = 2000;

export class Known {
  #utterances = new Map();
  #viewers = new Map();

  /** @param {import("./console_room.js").Utterance} utterance */
  learn(utterance) {
    const before = this.#utterances.get(utterance.id);
    const { id, kind, viewer, name, text, gift, count, people, rank, predicted_ms, duration_ms } = utterance;
    const known = { ...before, id, kind, viewer, name, text, count };
    for (const [field, value] of Object.entries({ gift, people, rank, predicted_ms, duration_ms })) if (value) known[field] = value;
    remember(this.#utterances, id, known, MOST_UTTERANCES);
    if (viewer && name) remember(this.#viewers, viewer, name, MOST_VIEWERS);
  }

  /** @param {string} id */
  of(id) {
    return this.#utterances.get(id);
  }

  /** What a viewer was called last. @param {string} viewer */
  nameOf(viewer) {
    return this.#viewers.get(viewer) ?? "";
  }
}

/** The one not seen for longest goes. */
function remember(map, key, value, most) {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value);
}
