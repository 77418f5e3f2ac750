// One setting: its name, its control, what it means, what is wrong with it, and whether it was touched.

import { make, setAttribute, setData, setText } from "./console_dom.js";
import { t } from "./console_language.js";

/**
 * @typedef {object} Control
 * @property {HTMLElement} element
 * @property {HTMLElement} [labelled] what the label is for; where it is missing, the field is a group
 * @property {HTMLElement} [beside] stands beside the label
 * @property {() => any} read throws a NotPossibleError
 * @property {(value: any) => void} write
 * @property {() => void} [redraw] the language is another
 */

export class NotPossibleError extends Error {}

/** An element whose text is one of ours. @param {string} tag @param {string} key */
export function say(tag, key, properties = {}) {
  const element = make(tag, { textContent: t(key), ...properties });
  element.dataset.t = key;
  return element;
}

export class Field {
  name;
  element;
  control;
  isTouched = false;
  #told = "null"; // by the server, as JSON
  #problem = make("p", { className: "problem" });
  #onTouch;

  /**
   * @param {{name: string, hint?: boolean, wide?: boolean}} setting of a group the hint comes first: there is much of it
   * @param {Control} control
   * @param {() => void} onTouch
   */
  constructor({ name, hint, wide }, control, onTouch) {
    this.name = name;
    this.control = control;
    this.#onTouch = onTouch;
    const isGroup = !control.labelled;
    const label = make(isGroup ? "legend" : "label", {}, say("span", `set.${name}`), ...(control.beside ? [control.beside] : []));
    this.element = make(isGroup ? "fieldset" : "div", { className: wide ? "field wide" : "field" }, label, control.element);
    this.#problem.id = `problem-${name}`;
    const describing = [this.#problem.id];
    if (hint) {
      const shown = say("p", `hint.${name}`, { className: "hint", id: `hint-${name}` });
      control.element[isGroup ? "before" : "after"](shown);
      describing.push(`hint-${name}`);
    }
    this.element.append(this.#problem);
    const described = control.labelled ?? this.element;
    described.setAttribute("aria-describedby", describing.join(" "));
    if (control.labelled) Object.assign(control.labelled, { id: `set-${name}` });
    if (!isGroup) label.htmlFor = `set-${name}`;
    for (const type of ["input", "change"]) this.element.addEventListener(type, ({ target }) => target.dataset.aside || this.#touch());
  }

  /** What the server says; what somebody is at is left as it is. */
  tell(value) {
    const told = canonical(value ?? null);
    const isNews = told !== this.#told;
    this.#told = told;
    if (this.isTouched) this.#setTouched(!this.#isAsTold());
    else if (isNews) this.control.write(value ?? null);
  }

  /** Back to what the server says. */
  discard() {
    this.#setTouched(false);
    this.complain("");
    this.control.write(JSON.parse(this.#told));
  }

  /** @returns {any} undefined where it is not possible, which is shown */
  read() {
    try {
      this.complain("");
      return this.control.read();
    } catch (error) {
      if (!(error instanceof NotPossibleError)) throw error;
      this.complain(error.message);
      return undefined;
    }
  }

  complain(problem) {
    setText(this.#problem, problem);
    if (problem) setAttribute(this.#invalid, "aria-invalid", "true");
    else this.#invalid.removeAttribute("aria-invalid");
  }

  focus() {
    this.element.scrollIntoView({ block: "center" });
    (this.control.labelled ?? this.element.querySelector("input, textarea, select, button"))?.focus({ preventScroll: true });
  }

  /** For what changes without an input event. */
  touch() {
    this.#touch();
  }

  get #invalid() {
    return this.control.labelled ?? this.element;
  }

  #touch() {
    this.#setTouched(!this.#isAsTold());
    this.#onTouch();
  }

  #isAsTold() {
    return canonical(this.#possible()) === this.#told;
  }

  #possible() {
    const value = this.read();
    return value === undefined ? NaN : value; // what is not possible was never told
  }

  #setTouched(isTouched) {
    this.isTouched = isTouched;
    setData(this.element, "touched", String(isTouched));
  }
}

/** As JSON, whatever the order of names is. */
function canonical(value) {
  if (Number.isNaN(value)) return "";
  return JSON.stringify(value, (_, part) => (isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part));
}

function isObject(part) {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}
