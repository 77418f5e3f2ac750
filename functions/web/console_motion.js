// How things move: rows to where they belong now, a bar that runs down.

import { mayMove } from "./console_dom.js";

const MOVE_MS = 220;
const ENTER_MS = 140;
const MOST_ENTERING = 3; // where more come at once, a crowd that fades in would flicker
const SMOOTH_MS = 90_000; // what runs longer is moved by the second: nobody sees it move

/**
 * Let rows change places, and be seen to move there (FLIP: first, last, invert, play).
 * @param {() => Iterable<HTMLElement>} rows those that are there, before and after
 * @param {() => void} change
 */
export function moveSmoothly(rows, change) {
  if (!mayMove()) return change();
  const before = new Map(Array.from(rows(), (row) => [row, row.getBoundingClientRect().top]));
  change();
  const moves = Array.from(rows(), (row) => [row, before.get(row)]);
  for (const [row] of moves) row.moving?.cancel();
  const after = moves.map(([row]) => row.getBoundingClientRect().top);
  const isCalm = moves.filter(([, top]) => top === undefined).length <= MOST_ENTERING;
  moves.forEach(([row, top], index) => {
    if (top === undefined) row.moving = isCalm ? row.animate({ opacity: [0.3, 1] }, { duration: ENTER_MS, easing: "ease-out" }) : undefined;
    else if (Math.abs(top - after[index]) > 0.5) row.moving = slide(row, top - after[index]);
  });
}

function slide(row, distance) {
  const from = `translateY(${distance}px)`;
  return row.animate({ transform: [from, "none"] }, { duration: MOVE_MS, easing: "cubic-bezier(0.2, 0, 0, 1)" });
}

/** A bar that is full at a start and empty at an end, or the other way round. */
export class RunningBar {
  #element;
  #animation = null;
  #runs = "";

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /**
   * @param {number} share of it that is there now, 0 to 1
   * @param {number} ms until it has run
   * @param {{to?: number, name?: string}} options name: what it runs for; while that is the same, it is left running
   */
  run(share, ms, { to = 0, name = "" } = {}) {
    const isSmooth = mayMove() && ms < SMOOTH_MS && ms > 0;
    if (isSmooth && name === this.#runs) return;
    this.stop();
    this.#runs = isSmooth ? name : "";
    this.#element.style.transform = `scaleX(${isSmooth ? to : share})`;
    if (!isSmooth) return;
    const keyframes = { transform: [`scaleX(${share})`, `scaleX(${to})`] };
    this.#animation = this.#element.animate(keyframes, { duration: ms, easing: "linear" });
  }

  stop() {
    this.#animation?.cancel();
    this.#animation = null;
    this.#runs = "";
  }
}
