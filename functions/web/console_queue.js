// What waits, the next first. Rows are kept and moved; while a pointer is among them they hold still.

import { at, setHidden, setText } from "./console_dom.js";
import { formatNumber, formatSeconds, t } from "./console_language.js";
import { moveSmoothly } from "./console_motion.js";
import { Row } from "./console_row.js";

const MOST_ROWS = 100;
const HOLD_MS = 1500; // after the pointer moved: what is under it is what is clicked

export class Queue {
  #room;
  #does;
  #list = at("queue");
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #current = ""; // the id of the row that the keyboard is at
  #place = 0; // where that is, or was before it went
  #heldUntil = 0;
  #later;

  /**
   * @param {import("./console_room.js").Room} room
   * @param {{retract: (utterance: object) => void, block: (utterance: object) => void}} does
   * @param {() => void} redraw
   */
  constructor(room, does, redraw) {
    this.#room = room;
    this.#does = {
      retract: (row) => this.#retract(row, does.retract),
      block: (row) => does.block(row.utterance),
    };
    this.#list.addEventListener("focusin", ({ target }) => this.#focused(target));
    for (const type of ["pointermove", "pointerdown"]) this.#list.addEventListener(type, () => this.#hold(redraw), { passive: true });
    this.#list.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && this.#release(redraw));
  }

  draw() {
    const { state } = this.#room;
    if (!state) return;
    const waiting = state.waiting.slice(0, MOST_ROWS);
    const ids = waiting.map(({ id }) => id);
    const isHeld = performance.now() < this.#heldUntil;
    const order = isHeld ? this.#heldOrder(ids) : ids;
    const isSame = order.length === this.#list.children.length && order.every((id, index) => this.#rows.get(id)?.element === this.#list.children[index]);
    const change = () => this.#arrange(order, waiting);
    if (isSame) change();
    else moveSmoothly(() => this.#list.children, change);
    setText(at("queue-count"), state.waiting_count > 0 ? formatNumber(state.waiting_count) : "");
    setText(at("queue-takes"), state.waiting.length > 0 ? t("queueTakes", { takes: formatSeconds(state.backlog_ms) }) : "");
    setHidden(at("queue-empty"), order.length > 0);
    setHidden(at("queue-held"), !isHeld);
    setHidden(at("queue-more"), state.waiting_count <= MOST_ROWS);
    setText(at("queue-more"), t("queueMore", { n: state.waiting_count - MOST_ROWS }));
  }

  /** Once a second. */
  tick() {
    const now = this.#room.now();
    for (const row of this.#rows.values()) row.tick(now);
  }

  /** The one that the keyboard is at. */
  get selected() {
    const row = this.#rows.get(this.#current);
    return row && !row.isGone && row.element.contains(document.activeElement) ? row : undefined;
  }

  /** @param {"ArrowDown" | "ArrowUp" | "Home" | "End"} key */
  move(key) {
    const rows = [...this.#list.children];
    if (rows.length === 0) return;
    const here = this.selected ? rows.indexOf(this.selected.element) : null;
    const next = { ArrowDown: here === null ? this.#place : here + 1, ArrowUp: here === null ? this.#place : here - 1, Home: 0, End: rows.length - 1 }[key];
    this.#focus(rows[Math.max(0, Math.min(rows.length - 1, next))]);
  }

  /** To the buttons of the selected row and back. @param {1 | -1} step */
  moveInside(step) {
    const { element } = this.selected;
    const stops = [element, ...element.querySelectorAll("button:not([hidden])")];
    stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(document.activeElement) + step))].focus();
  }

  retractSelected() {
    if (this.selected) this.#does.retract(this.selected);
  }

  /** @returns {boolean} whether there was somebody to block */
  blockSelected() {
    const row = this.selected;
    if (row?.utterance.viewer) this.#does.block(row);
    return Boolean(row?.utterance.viewer);
  }

  /** It goes because somebody wanted it to: the next one takes its place under the keyboard. */
  #retract(row, retract) {
    const hadFocus = row.element.contains(document.activeElement);
    retract(row.utterance);
    row.leave();
    if (hadFocus) this.#focus(row.element.nextElementSibling ?? row.element.previousElementSibling ?? this.#list);
  }

  /** Those that were there stay where they are, gone or not; what is new comes after them. */
  #heldOrder(ids) {
    const shown = [...this.#rows.keys()].sort((a, b) => this.#rows.get(a).place - this.#rows.get(b).place);
    return [...shown, ...ids.filter((id) => !this.#rows.has(id))];
  }

  #arrange(order, waiting) {
    const now = this.#room.now();
    const wanted = new Set(order);
    const focused = [...this.#rows.values()].find((row) => row.element.contains(document.activeElement));
    for (const { id, ...rest } of waiting) {
      if (!this.#rows.has(id)) this.#rows.set(id, new Row(this.#does));
      this.#rows.get(id).show({ id, ...rest }, this.#room.state.settings, now);
    }
    const isWaiting = new Set(waiting.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (!wanted.has(id)) this.#forget(id, row, row === focused);
      else if (!isWaiting.has(id)) row.leave();
    }
    this.#order(order, focused);
    if (!this.#rows.has(this.#current)) this.#setCurrent(order[Math.min(this.#place, order.length - 1)] ?? "");
  }

  /** Not to the row that follows: a key meant for this one would hit that one. */
  #forget(id, row, hadFocus) {
    if (hadFocus) this.#list.focus({ preventScroll: true });
    row.remove();
    this.#rows.delete(id);
  }

  /** Brings the rows into order around the one with the focus, which an element that is moved would lose. */
  #order(order, focused) {
    const elements = order.map((id, place) => Object.assign(this.#rows.get(id), { place }).element);
    const fixed = Math.max(0, focused ? elements.indexOf(focused.element) : 0);
    if (elements.length === 0) return;
    if (elements[fixed].parentNode !== this.#list) this.#list.prepend(elements[fixed]);
    for (let i = fixed - 1; i >= 0; i--) {
      if (elements[i + 1].previousElementSibling !== elements[i]) elements[i + 1].before(elements[i]);
    }
    for (let i = fixed + 1; i < elements.length; i++) {
      if (elements[i - 1].nextElementSibling !== elements[i]) elements[i - 1].after(elements[i]);
    }
  }

  #focused(target) {
    for (const [id, row] of this.#rows) {
      if (!row.element.contains(target)) continue;
      this.#place = row.place;
      this.#setCurrent(id);
    }
  }

  #setCurrent(id) {
    const before = this.#rows.get(this.#current);
    if (before) before.isCurrent = false;
    this.#current = id;
    const row = this.#rows.get(id);
    if (row) row.isCurrent = true;
  }

  #focus(element) {
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  }

  #hold(redraw) {
    this.#heldUntil = performance.now() + HOLD_MS;
    clearTimeout(this.#later);
    this.#later = setTimeout(redraw, HOLD_MS + 20);
  }

  #release(redraw) {
    this.#heldUntil = 0;
    redraw();
  }
}
