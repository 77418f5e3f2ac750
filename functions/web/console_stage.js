// What is heard now, and what comes next.

import { at, setAttribute, setData, setHidden, setText } from "./console_dom.js";
import { t, wordFor } from "./console_language.js";
import { RunningBar } from "./console_motion.js";
import { nameButton, nameOf, showBadge, showTimes, showWords, wordsOf } from "./console_utterance.js";

export class Stage {
  #room;
  #heard = new RunningBar(at("now-heard"));

  /** @param {import("./console_room.js").Room} room @param {(utterance: object) => void} block */
  constructor(room, block) {
    this.#room = room;
    at("now-block").addEventListener("click", () => room.speaking && block(room.speaking));
  }

  draw() {
    const { speaking, next } = this.#room;
    const state = this.#stateName();
    setData(at("stage"), "state", state);
    setText(at("now-state"), t(`now.${state}`));
    this.#show("now", speaking, speaking ? "" : t(`idle.${state}`));
    this.#show("next", next, t("nextNone"));
    setText(at("next-status"), next ? wordFor("status", next.status) : "");
    showTimes(at("now-times"), speaking?.count ?? 1);
    const canBlock = Boolean(speaking?.viewer);
    // What has the focus is not taken away from under it.
    setHidden(at("now-block"), !canBlock && document.activeElement !== at("now-block"));
    if (canBlock) nameButton(at("now-block"), t("blockSpeaker", { name: nameOf(speaking) }), t("block"));
    this.#showHeard(speaking);
  }

  #stateName() {
    const { state, speaking, next } = this.#room;
    if (!state) return "unknown";
    if (speaking) return "playing";
    if (state.paused) return "paused";
    if (!state.has_player) return "noPlayer";
    return next || state.waiting.length > 0 ? "coming" : "idle";
  }

  #show(place, utterance, nothing) {
    const [badge, name, words] = ["badge", "name", "words"].map((part) => at(`${place}-${part}`));
    words.classList.toggle("nothing", !utterance);
    if (!utterance) {
      for (const part of [badge, name]) setText(part, "");
      setText(words, nothing);
      return;
    }
    showBadge(badge, utterance);
    setText(name, nameOf(utterance));
    showWords(words, wordsOf(utterance));
    setAttribute(words, "title", words.textContent);
  }

  #showHeard(speaking) {
    if (!speaking?.began_at) {
      this.#heard.run(0, 0);
      return;
    }
    const { id, began_at, duration_ms: takes } = speaking;
    const heard = Math.max(0, Math.min(takes, this.#room.now() - began_at));
    this.#heard.run(heard / takes, takes - heard, { to: 1, name: `${id} ${began_at}` });
  }
}
