// Who is blocked, and who has a voice of their own. What is done here is done at once, beside the form's other settings.

import { make, setHidden } from "./console_dom.js";
import { say } from "./console_field.js";
import { t } from "./console_language.js";
import { fillVoices } from "./console_voices.js";

const MOST_ID_CHARS = 64;

/** A list of viewers, each with a button, and a line to add one. */
class ViewerList {
  element;
  #list = make("ul", { className: "people-list", tabIndex: -1 });
  #none;
  #shown = "";

  /**
   * @param {string} name of the setting
   * @param {{none: string, add: string, more?: HTMLElement[], onAdd: (viewer: string) => void}} options
   */
  constructor(name, { none, add, more = [], onAdd }) {
    this.#none = say("p", none, { className: "hint" });
    const id = make("input", { type: "text", maxLength: MOST_ID_CHARS, autocomplete: "off", spellcheck: false });
    id.dataset.tHint = id.dataset.tLabel = "viewerId";
    const button = say("button", add, { type: "button", className: "second" });
    const doAdd = () => {
      const viewer = id.value.trim();
      if (viewer === "") id.focus();
      else onAdd(viewer);
      id.value = "";
    };
    button.addEventListener("click", doAdd);
    id.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault(); // it would save the form
      doAdd();
    });
    const line = make("div", { className: "add" }, id, ...more, button);
    this.element = make("fieldset", { className: "field wide" }, make("legend", {}, say("span", `set.${name}`)), this.#list, this.#none, line, say("p", "hintNow", { className: "hint" }));
  }

  /** @param {{viewer: string, name: string, more: string, act: string, actName: string, onAct: () => void}[]} items */
  show(items) {
    const shown = JSON.stringify(items);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...items.map(itemOf));
    if (hadFocus) this.#list.focus({ preventScroll: true });
    setHidden(this.#none, items.length > 0);
    setHidden(this.#list, items.length === 0);
  }
}

function itemOf({ viewer, name, more, act, actName, onAct }) {
  const who = make("span", { className: "id" }, make("bdi", { textContent: name || viewer }), make("small", { textContent: [name ? ` ${viewer}` : "", more].filter(Boolean).join(" · ") }));
  const button = make("button", { type: "button", className: "plain", textContent: act, ariaLabel: actName });
  button.addEventListener("click", onAct);
  return make("li", {}, who, button);
}

/** @param {import("./console_room.js").Room} room @param {import("./console_actions.js").Actions} actions */
export function blockedViewers(room, actions) {
  const list = new ViewerList("blocked_viewers", { none: "noneBlocked", add: "blockAdd", onAdd: (viewer) => actions.block(viewer, room.known.nameOf(viewer)) });
  const draw = ({ blocked_viewers }) =>
    list.show(
      blocked_viewers.map((viewer) => {
        const name = room.known.nameOf(viewer);
        return { viewer, name, more: "", act: t("unblock"), actName: t("unblockName", { name: name || viewer }), onAct: () => actions.unblock(viewer, name) };
      }),
    );
  return { element: list.element, draw };
}

/** @param {import("./console_voices.js").Voices} voices */
export function viewerVoices(room, actions, voices) {
  const select = make("select");
  select.dataset.tLabel = "voice";
  voices.addEventListener("change", () => fillVoices(select, voices));
  const onAdd = (viewer) => select.value && actions.giveVoice(viewer, select.value);
  const list = new ViewerList("viewer_voices", { none: "noVoices", add: "give", more: [select], onAdd });
  const draw = ({ viewer_voices }) =>
    list.show(
      Object.entries(viewer_voices).map(([viewer, voice]) => {
        const name = room.known.nameOf(viewer);
        return { viewer, name, more: voices.nameOf(voice), act: t("takeVoice"), actName: t("takeVoiceName", { name: name || viewer }), onAct: () => actions.giveVoice(viewer, null) };
      }),
    );
  return { element: list.element, draw };
}
