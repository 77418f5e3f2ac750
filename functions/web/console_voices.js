// The voices that there are, and the choice of some of them for the room.

import { make, setHidden } from "./console_dom.js";
import { NotPossibleError, say } from "./console_field.js";
import { languageName, t } from "./console_language.js";

const ANY = "mul";
const MOST = 50;
const GENDERS = { female: "♀", male: "♂" };

/** The server's list; event `change`. */
export class Voices extends EventTarget {
  all = [];
  #connection;
  #coming = [];

  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    super();
    this.#connection = connection;
    connection.addEventListener("frame", ({ detail }) => detail.type === "voices" && this.#take(detail));
  }

  /** Which voices there are changes seldom; each time that somebody looks is often enough. */
  ask() {
    this.#coming = [];
    this.#connection.send({ action: "voices" });
  }

  nameOf(id) {
    return this.all.find((voice) => voice.id === id)?.name ?? id;
  }

  /** By language, those of the page's own first. @returns {[string, object[]][]} */
  get groups() {
    const groups = new Map();
    for (const voice of this.all) {
      const tag = voice.language.split(/[-_]/)[0];
      const language = tag === ANY ? t("anyLanguage") : languageName(tag);
      if (!groups.has(language)) groups.set(language, []);
      groups.get(language).push(voice);
    }
    return [...groups].sort(([a], [b]) => a.localeCompare(b));
  }

  #take({ voices, final }) {
    this.#coming.push(...voices);
    if (!final) return;
    this.all = this.#coming;
    this.#coming = [];
    this.dispatchEvent(new Event("change"));
  }
}

/** Some of them, as a Control of the settings. */
export class VoiceChoice {
  element;
  #voices;
  #onTouch;
  #chosen = new Set();
  #chips = make("div", { className: "chips" });
  #search = make("input", { type: "search", autocomplete: "off" });
  #list = make("div", { className: "voice-list" });
  #missing = say("p", "voicesMissing", { className: "hint" });

  /** @param {Voices} voices @param {() => void} onTouch */
  constructor(voices, onTouch) {
    this.#voices = voices;
    this.#onTouch = onTouch;
    this.#search.dataset.tHint = this.#search.dataset.tLabel = "findVoice";
    this.#search.dataset.aside = "true"; // looking for one changes nothing
    this.#search.addEventListener("input", () => filter(this.#list, this.#search.value));
    this.#search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    this.#list.addEventListener("change", ({ target }) => this.#choose(target.value, target.checked));
    this.element = make("div", {}, this.#chips, this.#search, this.#list, this.#missing);
    voices.addEventListener("change", () => this.redraw());
  }

  read() {
    if (this.#chosen.size > MOST) throw new NotPossibleError(t("mostVoices"));
    return [...this.#chosen];
  }

  write(ids) {
    this.#chosen = new Set(ids);
    this.redraw();
  }

  redraw() {
    const items = this.#voices.groups.flatMap(([language, those]) => [make("h4", { textContent: language }), ...those.map((voice) => option(voice, this.#chosen))]);
    this.#list.replaceChildren(...items);
    setHidden(this.#list, items.length === 0);
    setHidden(this.#missing, items.length > 0);
    filter(this.#list, this.#search.value);
    this.#showChips();
  }

  #choose(id, isChosen) {
    if (isChosen) this.#chosen.add(id);
    else this.#chosen.delete(id);
    this.#showChips();
  }

  #showChips() {
    this.#chips.replaceChildren(...[...this.#chosen].map((id) => chipOf(id, this.#voices, () => this.#remove(id))));
  }

  #remove(id) {
    this.#choose(id, false);
    for (const box of this.#list.querySelectorAll("input")) if (box.value === id) box.checked = false;
    this.#search.focus({ preventScroll: true }); // the chip that had the focus is gone
    this.#onTouch();
  }
}

function chipOf(id, voices, remove) {
  const chip = make("button", { type: "button", className: "chip", title: id, ariaLabel: t("removeVoice", { name: voices.nameOf(id) }) }, make("span", { textContent: voices.nameOf(id) }), icon("retract"));
  chip.addEventListener("click", remove);
  return chip;
}

function option(voice, chosen) {
  const box = make("input", { type: "checkbox", value: voice.id, checked: chosen.has(voice.id) });
  const label = make("label", { className: "check" }, box, make("span", { textContent: describe(voice) }));
  label.dataset.found = `${voice.id} ${voice.name} ${voice.language}`.toLowerCase();
  return label;
}

/** Also the heads of groups of which none is left. */
function filter(list, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let head = null;
  for (const element of list.children) {
    if (element.tagName === "H4") {
      head = element;
      setHidden(head, true);
      continue;
    }
    const isFound = words.every((word) => element.dataset.found.includes(word));
    setHidden(element, !isFound);
    if (isFound) setHidden(head, false);
  }
}

/** @param {object} voice VoiceAnswer */
export function describe({ name, language, gender, backend }) {
  const region = language.split(/[-_]/)[1]?.toUpperCase();
  return [name, GENDERS[gender], region, backend].filter(Boolean).join(" · ");
}

/** @param {HTMLSelectElement} select keeps what was chosen @param {Voices} voices */
export function fillVoices(select, voices) {
  const { value } = select;
  const groups = voices.groups.map(([label, those]) => make("optgroup", { label }, ...those.map((voice) => new Option(describe(voice), voice.id))));
  select.replaceChildren(...groups);
  select.value = value;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}

function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}
