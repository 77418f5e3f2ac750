// What the streamer does: asked of the server, seen in the room, and said.

import { shorten } from "./console_dom.js";
import { t, wordFor } from "./console_language.js";

const ANSWER_MS = 6000;
const SHOWN_CHARS = 24;

/**
 * @typedef {object} Outcome
 * @property {boolean} isDone
 * @property {object} [error] ErrorDetail, where the server refused
 * Event `outcome`, detail: {text: string, isProblem: boolean, undo?: () => void}.
 */
export class Actions extends EventTarget {
  #connection;
  #room;
  #pending = [];

  /** @param {import("./connection.js").Connection} connection @param {import("./console_room.js").Room} room */
  constructor(connection, room) {
    super();
    this.#connection = connection;
    this.#room = room;
    connection.addEventListener("frame", ({ detail }) => detail.type === "error" && this.#refused(detail));
    room.addEventListener("state", () => this.#look());
  }

  get isIdle() {
    return this.#pending.length === 0;
  }

  skip() {
    const skipped = this.#room.speaking ?? this.#room.next;
    if (!skipped) return this.say(t("nothingToSkip"));
    const isDone = ({ in_hand }) => !in_hand.some(({ id }) => id === skipped.id);
    return this.#control({ do: "skip" }, isDone, t("didSkip", { text: brief(skipped) }));
  }

  clear() {
    const ids = new Set(this.#room.state?.waiting.map(({ id }) => id));
    const isDone = ({ waiting }) => !waiting.some(({ id }) => ids.has(id));
    return this.#control({ do: "clear" }, isDone, t("didClear", { n: ids.size }));
  }

  pauseOrResume() {
    const wanted = !this.#room.state?.paused;
    const said = t(wanted ? "didPause" : "didResume");
    return this.#control({ do: wanted ? "pause" : "resume" }, ({ paused }) => paused === wanted, said);
  }

  retract(utterance) {
    const { id } = utterance;
    const isDone = ({ waiting, in_hand }) => ![...waiting, ...in_hand].some((each) => each.id === id);
    return this.#control({ do: "retract", id }, isDone, t("didRetract", { text: brief(utterance) }));
  }

  block(viewer, name) {
    const isDone = ({ settings }) => settings.blocked_viewers.includes(viewer);
    const said = t("didBlock", { name: shorten(name || viewer, SHOWN_CHARS) });
    return this.#control({ do: "block", viewer }, isDone, said, () => this.unblock(viewer, name));
  }

  unblock(viewer, name) {
    const isDone = ({ settings }) => !settings.blocked_viewers.includes(viewer);
    return this.#control({ do: "unblock", viewer }, isDone, t("didUnblock", { name: shorten(name || viewer, SHOWN_CHARS) }));
  }

  replay(utterance) {
    const { id, text, viewer } = utterance;
    const isIt = (each) => each.id === id || (each.viewer === viewer && each.text === text);
    const isDone = ({ waiting, in_hand }) => [...waiting, ...in_hand].some(isIt);
    return this.#control({ do: "replay", id }, isDone, t("didReplay", { text: brief(utterance) }));
  }

  /** @param {string} viewer @param {string | null} voice null: the viewer's own again */
  giveVoice(viewer, voice) {
    const isDone = ({ settings }) => (settings.viewer_voices[viewer] ?? null) === voice;
    const asked = voice ? { do: "voice", viewer, voice } : { do: "voice", viewer };
    return this.#control(asked, isDone, t(voice ? "didGiveVoice" : "didTakeVoice", { name: this.#room.known.nameOf(viewer) || viewer }));
  }

  /** The form shows itself what is wrong. @param {object} settings all of them @returns {Promise<Outcome>} */
  setSettings(settings) {
    const before = JSON.stringify(this.#room.state.settings);
    // The server may write a setting in another way than we do; that it changed is enough.
    const isDone = ({ settings: now }) => JSON.stringify(now) !== before;
    return this.#control({ do: "settings", settings }, isDone, t("didSettings"), undefined, true);
  }

  /** @param {string} text @param {{isProblem?: boolean, undo?: () => void}} more */
  say(text, { isProblem = false, undo } = {}) {
    this.dispatchEvent(new CustomEvent("outcome", { detail: { text, isProblem, undo } }));
    return Promise.resolve({ isDone: false });
  }

  #control(asked, isDone, said, undo, isQuiet) {
    return this.#ask({ action: "control", ...asked }, isDone, said, undo, isQuiet);
  }

  /** @returns {Promise<Outcome>} */
  #ask(frame, isDone, said, undo, isQuiet = false) {
    if (!this.#connection.send({ ...frame, room: this.#room.name })) return this.say(t("notConnected"), { isProblem: true });
    return new Promise((resolve) => {
      const pending = { action: frame.action, about: frame.id, isDone, said, undo, isQuiet, resolve };
      pending.timer = setTimeout(() => this.#end(pending, { isDone: false }, t("noAnswer")), ANSWER_MS);
      this.#pending.push(pending);
    });
  }

  #look() {
    const { state } = this.#room;
    for (const pending of this.#pending.filter((each) => each.isDone(state))) this.#end(pending, { isDone: true });
  }

  /** An error names the action that it is about, not which of two; they are answered in order. */
  #refused({ action, about, error }) {
    const those = this.#pending.filter((each) => each.action === action);
    const pending = those.find((each) => about && each.about === about) ?? those[0];
    if (pending) this.#end(pending, { isDone: false, error }, errorText(error));
  }

  #end(pending, outcome, problem = "") {
    clearTimeout(pending.timer);
    this.#pending = this.#pending.filter((each) => each !== pending);
    if (!pending.isQuiet || outcome.isDone) this.say(problem || pending.said, { isProblem: problem !== "", undo: problem ? undefined : pending.undo });
    pending.resolve(outcome);
  }
}

/** @param {object} error ErrorDetail */
export function errorText({ code, message }) {
  const known = wordFor("error", code);
  return known === code ? message || code : known;
}

/** @param {import("./console_room.js").Utterance} utterance */
export function brief({ text, gift, name }) {
  return shorten(text || gift || name, SHOWN_CHARS);
}
