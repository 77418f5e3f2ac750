// The settings of the room, at the side. What somebody is at survives what the room tells meanwhile.

import { errorText } from "./console_actions.js";
import { at, make, setAttribute, setHidden, setText } from "./console_dom.js";
import { Field, say } from "./console_field.js";
import { check, checks, choice, language, number, numberOfEach, pairs, range, words } from "./console_inputs.js";
import { t, translate } from "./console_language.js";
import { templates } from "./console_templates.js";
import { blockedViewers, viewerVoices } from "./console_viewers.js";
import { VoiceChoice, Voices } from "./console_voices.js";

const KINDS = ["danmu", "gift", "superchat", "guard", "follow"];
const AUDIENCES = ["everyone", "medal", "guard", "paid"];
const LANGUAGES = ["zh", "en", "ja", "ko", "yue", "vi", "th", "id", "es", "pt", "fr", "de", "it", "ru", "ar"];
const SECONDS = { scale: 1000, unit: "unitSeconds" };
const times = (value) => `${Number(value.toFixed(2))}×`;
const percent = (value) => `${Math.round(value * 100)} %`;

/** Section to its settings: name, control, and how it is laid out. */
const SECTIONS = {
  voice: [
    { name: "volume", control: () => range({ min: 0, max: 2, step: 0.05, show: percent }), wide: true },
    { name: "speed", control: () => range({ min: 0.5, max: 2, step: 0.05, show: times }) },
    { name: "fastest", control: () => range({ min: 1, max: 2, step: 0.05, show: times }), hint: true },
    { name: "voices", control: (voices, touch) => new VoiceChoice(voices, touch), hint: true, wide: true },
  ],
  who: [
    { name: "kinds", control: () => checks(KINDS, "kind"), wide: true },
    { name: "audience", control: () => choice(AUDIENCES, "audience"), hint: true },
    { name: "medal_from", control: () => number({ min: 1, max: 1000 }) },
    { name: "every_nth", control: () => number({ min: 1, max: 1000, unit: "unitLines" }), hint: true },
    { name: "per_viewer", control: () => number({ min: 1, max: 100, unit: "unitLines" }) },
    { name: "blocked_words", control: () => words({ most: 500, mostChars: 60 }), hint: true, wide: true },
  ],
  words: [
    { name: "language", control: () => language(LANGUAGES), hint: true },
    { name: "names", control: () => check("check.names") },
    { name: "nicknames", control: () => pairs({ most: 1000, mostChars: 60 }), hint: true, wide: true },
    { name: "templates", control: () => templates(KINDS), hint: true, wide: true },
  ],
  queue: [
    { name: "waiting_ms", control: () => number({ min: 1, max: 600, ...SECONDS }), hint: true },
    { name: "merge_window_ms", control: () => number({ min: 0, max: 60, ...SECONDS }), hint: true },
    { name: "deadlines_ms", control: () => numberOfEach(KINDS, { min: 1, max: 3600, ...SECONDS }), hint: true, wide: true },
  ],
  money: [{ name: "monthly_usd", control: () => number({ min: 0, max: 1e6, isWhole: false, isOptional: true }), hint: true }],
};

export class Settings {
  #connection;
  #room;
  #actions;
  #voices;
  /** @type {Map<string, Field>} */
  #fields = new Map();
  #lists;
  #isSaving = false;

  /**
   * @param {import("./connection.js").Connection} connection
   * @param {import("./console_room.js").Room} room
   * @param {import("./console_actions.js").Actions} actions
   */
  constructor(connection, room, actions) {
    this.#connection = connection;
    this.#room = room;
    this.#actions = actions;
    this.#voices = new Voices(connection);
    for (const [name, settings] of Object.entries(SECTIONS)) this.#addSection(name, settings.map((setting) => this.#addField(setting)));
    this.#lists = [blockedViewers(room, actions), viewerVoices(room, actions, this.#voices)];
    this.#addSection("viewers", this.#lists);
    translate(at("settings"));
    at("settings-form").addEventListener("submit", (event) => this.#save(event));
    at("discard").addEventListener("click", () => this.#discard());
    room.addEventListener("state", () => this.#tell());
  }

  open() {
    if (this.#connection.state === "open") this.#voices.ask();
    at("settings").showModal();
    this.draw();
  }

  /** With everything else. */
  draw() {
    const changes = this.#touched.length;
    setHidden(at("unsaved"), changes === 0);
    if (!at("settings").open) return;
    const { state } = this.#room;
    if (state) for (const list of this.#lists) list.draw(state.settings);
    this.#drawFoot(changes, state !== null);
  }

  /** The language is another. */
  redraw() {
    for (const { control } of this.#fields.values()) control.redraw?.();
    this.draw();
  }

  get #touched() {
    return [...this.#fields.values()].filter(({ isTouched }) => isTouched);
  }

  #addField(setting) {
    let field = null;
    const touch = () => field.touch();
    field = new Field(setting, setting.control(this.#voices, touch), () => {
      setText(at("settings-problem"), ""); // somebody is at it
      this.draw();
    });
    this.#fields.set(setting.name, field);
    return field;
  }

  #addSection(name, parts) {
    const grid = make("div", { className: "grid" }, ...parts.map(({ element }) => element));
    at("sections").append(make("fieldset", { className: "section" }, say("legend", `section.${name}`), grid));
  }

  #drawFoot(changes, isTold) {
    const note = this.#isSaving ? t("saving") : changes > 0 ? t("changes", { n: changes }) : t("noChanges");
    setText(at("settings-note"), isTold ? note : t("settingsAway"));
    // Not `disabled`: what was just pressed would lose the focus.
    setAttribute(at("save"), "aria-disabled", String(this.#isSaving || changes === 0 || !isTold));
    setAttribute(at("discard"), "aria-disabled", String(this.#isSaving || changes === 0));
    // Its level means something for one audience only.
    this.#fields.get("medal_from").element.hidden = this.#fields.get("audience").control.read() !== "medal";
  }

  #tell() {
    if (this.#isSaving) return;
    for (const [name, field] of this.#fields) field.tell(this.#room.state.settings[name]);
  }

  #discard() {
    for (const field of this.#touched) field.discard();
    setText(at("settings-problem"), "");
    this.draw();
  }

  /** All settings are sent: those that nobody touched, as the room has them now. */
  async #save(event) {
    event.preventDefault();
    const touched = this.#touched;
    if (touched.length === 0 || this.#isSaving) return;
    const values = touched.map((field) => [field.name, field.read()]);
    const wrong = touched.find((_, index) => values[index][1] === undefined);
    setText(at("settings-problem"), wrong ? t("fixFirst") : "");
    if (wrong) return wrong.focus();
    this.#isSaving = true;
    this.draw();
    const outcome = await this.#actions.setSettings({ ...this.#room.state.settings, ...Object.fromEntries(values) });
    this.#isSaving = false;
    this.#tell();
    if (outcome.isDone) for (const field of touched) field.discard();
    else this.#complain(outcome.error);
    this.draw();
  }

  /** An error names the field that it is about by a path, or by nothing but `settings`. */
  #complain(error) {
    if (!error) return setText(at("settings-problem"), t("noAnswer"));
    const said = errorText(error);
    const field = error.param?.split(".").map((part) => this.#fields.get(part)).find(Boolean);
    field?.complain(said);
    field?.focus();
    setText(at("settings-problem"), said);
  }
}
