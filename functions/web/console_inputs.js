// The plain controls of the settings. Each reads and writes its setting as the server knows it.

import { make } from "./console_dom.js";
import { NotPossibleError, say } from "./console_field.js";
import { languageName, t } from "./console_language.js";

/** @typedef {import("./console_field.js").Control} Control */

/** @param {{min: number, max: number, step: number, show: (value: number) => string}} options @returns {Control} */
export function range({ min, max, step, show }) {
  const input = make("input", { type: "range", min, max, step });
  const beside = make("output");
  const redraw = () => (beside.value = input.ariaValueText = show(input.valueAsNumber));
  input.addEventListener("input", redraw);
  const write = (value) => {
    input.value = value;
    redraw();
  };
  return { element: input, labelled: input, beside, read: () => input.valueAsNumber, write, redraw };
}

/**
 * @param {object} options in what is shown, which is `scale` times smaller than what is read
 * @returns {Control}
 */
export function number({ min, max, scale = 1, unit = "", isWhole = true, isOptional = false }) {
  const input = make("input", { type: "text", inputMode: isWhole && scale === 1 ? "numeric" : "decimal", autocomplete: "off" });
  const element = unit ? make("div", { className: "unit" }, input, say("span", unit)) : input;
  const read = () => {
    const text = input.value.trim().replace(",", ".");
    if (text === "" && isOptional) return null;
    const value = Number(text);
    const isPossible = text !== "" && value >= min && value <= max && (!isWhole || scale > 1 || Number.isInteger(value));
    if (!isPossible) throw new NotPossibleError(t(isWhole && scale === 1 ? "problem.whole" : "problem.number", { min, max }));
    return isWhole ? Math.round(value * scale) : value * scale;
  };
  return { element, labelled: input, read, write: (value) => (input.value = value === null ? "" : String(value / scale)) };
}

/** @param {string} key of what it says @returns {Control} */
export function check(key) {
  const input = make("input", { type: "checkbox" });
  const element = make("div", {}, make("label", { className: "check" }, input, say("span", key)));
  return { element, read: () => input.checked, write: (value) => (input.checked = value) };
}

/** Several of these. @param {string[]} values @param {string} group of their words @returns {Control} */
export function checks(values, group) {
  const inputs = values.map((value) => make("input", { type: "checkbox", value }));
  const labels = inputs.map((input) => make("label", { className: "check" }, input, say("span", `${group}.${input.value}`)));
  return {
    element: make("div", { className: "checks" }, ...labels),
    read: () => inputs.filter((input) => input.checked).map((input) => input.value),
    write: (chosen) => inputs.forEach((input) => (input.checked = chosen.includes(input.value))),
  };
}

/** One of these. @param {string[]} values @param {string} group of their words @returns {Control} */
export function choice(values, group) {
  const select = make("select", {}, ...values.map((value) => say("option", `${group}.${value}`, { value })));
  return { element: select, labelled: select, read: () => select.value, write: (value) => (select.value = value) };
}

/** @param {string[]} tags @returns {Control} */
export function language(tags) {
  const select = make("select", {}, ...tags.map((value) => make("option", { value })));
  const redraw = () => {
    for (const option of select.options) option.textContent = languageName(option.value);
  };
  const write = (value) => {
    const isOffered = Array.from(select.options).some((option) => option.value === value);
    if (!isOffered) select.append(make("option", { value }));
    select.value = value;
    redraw();
  };
  redraw();
  return { element: select, labelled: select, read: () => select.value, write, redraw };
}

/** Words, one a line. @param {{most: number, mostChars: number}} limits @returns {Control} */
export function words({ most, mostChars }) {
  const area = make("textarea", { rows: 3, spellcheck: false, dir: "auto" });
  const read = () => {
    const found = [...new Set(linesOf(area.value))];
    if (found.length > most) throw new NotPossibleError(t("problem.lines", { n: most }));
    if (found.some((word) => isTooLong(word, mostChars))) throw new NotPossibleError(t("problem.word", { n: mostChars }));
    return found;
  };
  return { element: area, labelled: area, read, write: (value) => (area.value = value.join("\n")) };
}

/** `this = that`, one a line. @param {{most: number, mostChars: number}} limits @returns {Control} */
export function pairs({ most, mostChars }) {
  const area = make("textarea", { rows: 3, spellcheck: false, dir: "auto" });
  const read = () => {
    const lines = linesOf(area.value);
    // The last "=": a name may have one of its own.
    const found = lines.map((line) => [line.slice(0, line.lastIndexOf("=")).trim(), line.slice(line.lastIndexOf("=") + 1).trim()]);
    const wrong = lines.findIndex((line, index) => !line.includes("=") || found[index].includes(""));
    if (wrong >= 0) throw new NotPossibleError(t("pairShape", { n: wrong + 1 }));
    if (found.length > most) throw new NotPossibleError(t("problem.lines", { n: most }));
    if (found.flat().some((word) => isTooLong(word, mostChars))) throw new NotPossibleError(t("problem.word", { n: mostChars }));
    return Object.fromEntries(found);
  };
  const write = (value) => (area.value = Object.entries(value).map(([name, reading]) => `${name} = ${reading}`).join("\n"));
  return { element: area, labelled: area, read, write };
}

/** A number for each kind. @param {string[]} kinds @returns {Control} */
export function numberOfEach(kinds, options) {
  const controls = kinds.map((kind) => [kind, number(options)]);
  const labels = controls.map(([kind, { element }]) => make("label", { className: "each" }, say("span", `kind.${kind}`), element));
  return {
    element: make("div", { className: "eachs" }, ...labels),
    read: () => Object.fromEntries(controls.map(([kind, { read }]) => [kind, read()])),
    write: (value) => controls.forEach(([kind, { write }]) => write(value[kind])),
  };
}

function linesOf(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

function isTooLong(text, mostChars) {
  return Array.from(text).length > mostChars;
}
