// Says what became of an action, once, and offers to undo what can be.

import { at, setData, setHidden } from "./console_dom.js";

const SHOWN_MS = 5000;
const UNDO_MS = 10_000;

let timer;
let undoes = null;

/** @param {{text: string, isProblem: boolean, undo?: () => void}} outcome */
export function showOutcome({ text, isProblem, undo }) {
  const toast = at("toast");
  // A dialog that is open lies above all else but what is in it.
  const home = document.querySelector("dialog[open]") ?? document.body;
  if (toast.parentNode !== home) home.append(toast);
  at("outcome").textContent = text;
  undoes = undo ?? null;
  giveBackFocus(!undo);
  setHidden(at("undo"), !undo);
  setData(toast, "problem", String(isProblem));
  setData(toast, "shown", "true");
  clearTimeout(timer);
  timer = setTimeout(hide, undo ? UNDO_MS : SHOWN_MS);
}

at("undo").addEventListener("click", () => {
  undoes?.();
  hide();
});

function hide() {
  if (at("toast").matches(":hover, :focus-within") && undoes) {
    timer = setTimeout(hide, SHOWN_MS); // somebody is about to press it
    return;
  }
  setData(at("toast"), "shown", "false");
}

function giveBackFocus(isUndoGoing) {
  if (isUndoGoing && at("undo").contains(document.activeElement)) at("queue").focus({ preventScroll: true });
}
