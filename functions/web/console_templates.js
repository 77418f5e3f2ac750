// How each kind is worded: a template for each, and what it makes of an example.

import { make, setHidden, setText } from "./console_dom.js";
import { NotPossibleError, say } from "./console_field.js";
import { t } from "./console_language.js";

const PLACEHOLDERS = {
  danmu: ["name", "text", "count", "people"],
  gift: ["name", "gift", "count", "people", "amount"],
  superchat: ["name", "text", "amount"],
  guard: ["name", "gift", "count", "amount"],
  follow: ["name", "people"],
};
const ALL = new Set(Object.values(PLACEHOLDERS).flat());
const MOST_CHARS = 300;

/** @param {string[]} kinds @returns {import("./console_field.js").Control} */
export function templates(kinds) {
  const rows = kinds.map((kind) => new Template(kind));
  return {
    element: make("div", { className: "templates" }, ...rows.map(({ element }) => element)),
    read: () => Object.fromEntries(rows.map((row) => [row.kind, row.read()]).filter(([, template]) => template !== "")),
    write: (value) => rows.forEach((row) => row.write(value[row.kind] ?? "")),
    redraw: () => rows.forEach((row) => row.redraw()),
  };
}

class Template {
  kind;
  element;
  #input = make("input", { type: "text", dir: "auto", autocomplete: "off", spellcheck: false });
  #preview = make("p", { className: "preview", dir: "auto" });
  #problem = make("p", { className: "hint" });

  constructor(kind) {
    this.kind = kind;
    this.#input.dataset.tHint = "previewOwn";
    const label = make("label", {}, say("span", `kind.${kind}`), this.#input);
    this.element = make("div", { className: "template" }, label, make("div", { className: "chips" }, ...PLACEHOLDERS[kind].map((name) => this.#chip(name))), this.#preview, this.#problem);
    this.#input.addEventListener("input", () => this.redraw());
  }

  read() {
    const template = this.#input.value.trim();
    if (Array.from(template).length > MOST_CHARS) throw new NotPossibleError(t("problem.word", { n: MOST_CHARS }));
    return template;
  }

  write(template) {
    this.#input.value = template;
    this.redraw();
  }

  redraw() {
    const template = this.#input.value.trim();
    const example = examples(this.kind);
    const unknown = template.match(/\{[^{}]*\}/g)?.find((part) => !ALL.has(part.slice(1, -1)));
    setText(this.#preview, template.replace(/\{(\w+)\}/g, (whole, name) => example[name] ?? whole));
    setHidden(this.#preview, template === "");
    setText(this.#problem, unknown ? t("unknownPlaceholder", { placeholder: unknown }) : "");
    setHidden(this.#problem, !unknown);
    for (const chip of this.element.querySelectorAll(".chip")) chip.ariaLabel = t("insertName", { placeholder: chip.textContent });
  }

  #chip(name) {
    const chip = make("button", { type: "button", className: "chip code", textContent: `{${name}}` });
    chip.addEventListener("click", () => {
      this.#input.setRangeText(chip.textContent, this.#input.selectionStart, this.#input.selectionEnd, "end");
      this.#input.focus();
      this.#input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    return chip;
  }
}

/** What stands in for the placeholders. @returns {Record<string, string>} */
function examples(kind) {
  return {
    name: t("sample.name"),
    text: kind === "danmu" || kind === "superchat" ? t("sample.text") : "",
    gift: { gift: t("sample.gift"), guard: t("sample.guard") }[kind] ?? "",
    count: kind === "gift" ? "5" : "1",
    people: "1",
    amount: { superchat: "30", gift: "10", guard: "198" }[kind] ?? "",
  };
}
