// A line as it is seen: its text, its sound, its state, and what was measured.

import { RATE_HZ } from "./pcm.js";
import { formatBytes, formatMs, formatSeconds, scriptLanguage } from "./texts.js";
import { Waveform } from "./waveform.js";

const STATES = {
  waiting: "Waiting",
  asked: "Being made",
  speaking: "Speaking",
  stopping: "Stopping",
  done: "Done",
  cancelled: "Cancelled",
  failed: "Failed",
};

export class LineView {
  element;
  #line;
  #find;
  #waveform;

  /**
   * @param {import("./line.js").Line} line
   * @param {HTMLTemplateElement} template
   * @param {() => void} again the user wants to hear it again
   */
  constructor(line, template, again) {
    this.#line = line;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.#find = (selector) => this.element.querySelector(selector);
    const text = this.#find(".text");
    text.textContent = line.options.text;
    text.lang = scriptLanguage(line.options.text);
    this.#find(".stop").addEventListener("click", () => line.cancel());
    this.#find(".again").addEventListener("click", again);
    this.#waveform = new Waveform(this.#find("canvas"));
    line.addEventListener("samples", ({ detail }) => this.#waveform.push(detail));
    line.addEventListener("restart", () => this.#waveform.restart());
    line.addEventListener("change", () => this.update());
    this.update();
  }

  /** Whether the figures are shown. @param {boolean} open */
  set isOpen(open) {
    this.#find("details").open = open;
  }

  /** Everything but what moves. */
  update() {
    const line = this.#line;
    this.element.dataset.state = line.state;
    this.#find(".state").textContent = STATES[line.state];
    this.#find(".stop").hidden = line.isOver;
    this.#find(".again").hidden = !line.isOver;
    this.#find(".progress").hidden = line.isOver && line.received === 0;
    const notes = [line.reason, fallbackOf(line.done)].filter(Boolean);
    this.#find(".note").textContent = notes.join(" ");
    this.#find(".note").hidden = notes.length === 0;
    this.#find("details").hidden = figuresOf(line).length === 0;
    this.#find("summary").textContent = inShort(line);
    this.#find("dl").replaceChildren(...figuresOf(line).map(figure));
    this.tick();
  }

  /** What moves: the bars and the clock. */
  tick() {
    const { heard, total, received } = this.#line;
    this.#waveform.draw(heard, total);
    const percent = total > 0 ? Math.min(100, Math.round((heard / total) * 100)) : 0;
    this.#find(".progress").ariaValueNow = String(percent);
    this.#find(".clock").textContent = received > 0 ? clock(heard, received, this.#line.figures.completeMs) : "";
  }
}

function clock(heard, received, complete) {
  const all = formatSeconds(received / RATE_HZ);
  return heard >= received && complete ? all : `${formatSeconds(heard / RATE_HZ)} of ${all}${complete ? "" : "…"}`;
}

function inShort({ figures: { firstSoundMs }, done }) {
  const source = done?.cached ? `, from the ${done.cached === "flight" ? "same line of somebody else" : "cache"}` : "";
  return firstSoundMs ? `First sound after ${formatMs(firstSoundMs)}${source}` : `Timings${source}`;
}

/** What was measured, by name. @returns {[string, string][]} */
function figuresOf(line) {
  const { acceptedMs, firstAudioMs, firstSoundMs, hasWaited, completeMs } = line.figures;
  const { chunks, bytes, done } = line;
  const figures = [
    ["Accepted", acceptedMs && formatMs(acceptedMs)],
    ["First audio", firstAudioMs && formatMs(firstAudioMs)],
    ["First sound", hasWaited ? "in its turn" : firstSoundMs && formatMs(firstSoundMs)],
    ["All audio", completeMs && formatMs(completeMs)],
    ["Received", (completeMs || line.isOver) && chunks && `${formatBytes(bytes)}, ${chunks} ${chunks === 1 ? "piece" : "pieces"}`],
  ].filter(([, value]) => value);
  if (!done) return figures;
  return [
    ...figures,
    ["Made in", formatMs(done.timings.total_ms)],
    ["Speech", formatSeconds(done.duration_ms / 1000)],
    ["Came from", sourceOf(done.cached)],
    ["Voice", done.voice],
  ];
}

function sourceOf(cached) {
  if (cached === null) return "made now";
  return cached === "flight" ? "made for somebody else" : `cache (${cached})`;
}

function fallbackOf(done) {
  return done?.fallback_from ? `${done.backend} spoke instead of ${done.fallback_from}: ${done.fallback_reason}.` : "";
}

function figure([name, value]) {
  const [group, term, description] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
  group.dataset.name = name;
  term.textContent = name;
  description.textContent = value;
  group.append(term, description);
  return group;
}
