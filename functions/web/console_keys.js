// The keyboard: single keys, where nobody types; and the list of them.

import { at, make } from "./console_dom.js";
import { keep, recall } from "./console_kept.js";
import { t } from "./console_language.js";

const KEPT_AS = "keys";
const SHOWN = [
  [["P", "Space"], "key.pause"],
  [["S"], "key.skip"],
  [["C"], "key.clear"],
  [["↑", "↓"], "key.move"],
  [["Delete"], "key.retract"],
  [["B"], "key.block"],
  [[","], "key.settings"],
  [["?"], "key.help"],
  [["Esc"], "key.escape"],
];

/**
 * @param {object} parts
 * @param {import("./console_queue.js").Queue} parts.queue
 * @param {import("./console_controls.js").Controls} parts.controls
 * @param {import("./console_actions.js").Actions} parts.actions
 * @param {() => void} parts.openSettings
 */
export function listenToKeys({ queue, controls, actions, openSettings }) {
  const doesOf = {
    p: () => controls.pause(),
    " ": () => controls.pause(),
    s: () => controls.skip(),
    c: () => controls.clear(),
    b: () => queue.blockSelected() || actions.say(t("selectFirst")),
    ",": openSettings,
    "?": openKeys,
  };
  at("open-keys").addEventListener("click", openKeys);
  at("keys-on").checked = recall(KEPT_AS) !== "off";
  at("keys-on").addEventListener("change", () => keep(KEPT_AS, at("keys-on").checked ? "on" : "off"));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (isTyping(event.target)) return;
    const does = movesOf(event, queue, controls) ?? (at("keys-on").checked ? doesOf[event.key.toLowerCase()] : undefined);
    if (!does || (event.key === " " && event.target.closest("button"))) return; // Space presses the button that it is at
    event.preventDefault();
    // A key that is held down is one press, except to move.
    if (!event.repeat || event.key.startsWith("Arrow")) does();
  });
}

function movesOf({ key, target }, queue, controls) {
  if (key === "Escape") return () => leave(controls);
  // Arrows scroll what has the focus and is no queue.
  if (target.closest("#log-scroll")) return undefined;
  if (key === "ArrowDown" || key === "ArrowUp") return () => queue.move(key);
  if (!queue.selected) return undefined;
  if (key === "Home" || key === "End") return () => queue.move(key);
  if (key === "ArrowRight" || key === "ArrowLeft") return () => queue.moveInside(key === "ArrowRight" ? 1 : -1);
  return key === "Delete" || key === "Backspace" ? () => queue.retractSelected() : undefined;
}

function leave(controls) {
  if (controls.isAsking) controls.letBe();
  else if (at("queue").contains(document.activeElement)) document.activeElement.blur();
}

function isTyping(target) {
  return target.closest("input:not([type='checkbox']), textarea, select") !== null;
}

function openKeys() {
  const rows = SHOWN.flatMap(([keys, text]) => {
    const shown = keys.map((key) => make("kbd", { textContent: key === "Space" ? t("key.space") : key }));
    return [make("dt", {}, ...shown), make("dd", { textContent: t(text) })];
  });
  at("keys-list").replaceChildren(...rows);
  at("keys").showModal();
}
