// One utterance on the screen: who says what, and how much of it was heard so far.

import { isPicture, segmentsOf } from "./overlay_segments.js";

const HUES = 360;
const RTL = /^[^\p{L}]*[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const ROLL_EVERY_MS = 200;

/** <danmu-caption>: made by `say`, moved by `tick`. */
export class DanmuCaption extends HTMLElement {
  /** What the highlight shows as heard, milliseconds of the audio. */
  shownMs = 0;
  #parts = []; // {startMs, endMs, element, lines: where its lines are, once known}
  #index = 0;
  #lit = null;
  #roll = null;
  #rolledAt = -Infinity;
  #count = null;
  #always = false;

  /** @param {object} frame an `utterance` @param {{names: boolean}} look @returns {DanmuCaption} */
  static say(frame, look) {
    const caption = document.createElement("danmu-caption");
    caption.#build(frame, look);
    return caption;
  }

  /** @param {number} ms of the audio that were heard */
  tick(ms) {
    if (!this.#lit) return;
    const parts = this.#parts;
    while (this.#index < parts.length && ms >= parts[this.#index].endMs) fill(parts[this.#index++], 1);
    const part = parts[this.#index];
    if (part && ms >= part.startMs) fill(part, (ms - part.startMs) / (part.endMs - part.startMs));
    this.shownMs = ms;
    if (ms > this.#rolledAt + ROLL_EVERY_MS) this.#rollTo(ms);
  }

  /** @param {number} count */
  recount(count) {
    const text = countText(count, this.#always);
    if (!this.#count || this.#count.textContent === text) return;
    this.#count.textContent = text;
    this.#count.classList.remove("pop");
    void this.#count.offsetWidth; // else the animation would not begin anew
    this.#count.classList.add("pop");
  }

  /** It was heard, and another one is: no highlight, nor what it needs. */
  settle() {
    this.#lit?.remove();
    this.#lit = null;
    this.#parts = [];
    if (this.#roll) this.#roll.style.transform = "";
  }

  #build(frame, { names }) {
    const { kind, viewer, name, count } = frame;
    this.dataset.kind = kind;
    this.dataset.rank = frame.rank;
    this.style.setProperty("--hue", hueOf(viewer || name));
    this.#always = kind === "gift";
    this.#count = element("span", "count", countText(count, this.#always));
    const body = element("div", frame.gift ? "body gifted" : "body");
    const words = this.#words(frame);
    if (frame.gift) body.append(this.#gift(frame.gift));
    if (words) body.append(words);
    if (!frame.gift) body.append(this.#count);
    const head = headOf(frame, names);
    const icon = kind === "danmu" ? (names && name ? sealOf(name) : null) : iconOf(kind);
    const card = element("div", icon ? "card sealed" : "card");
    const main = element("div", "main");
    if (head) main.append(head);
    main.append(body);
    if (icon) card.append(icon);
    card.append(main);
    this.append(card);
  }

  #gift(gift) {
    const line = element("p", "gift");
    line.append(element("bdi", "", gift), this.#count);
    return line;
  }

  #words(frame) {
    if (isPicture(frame.picture)) return stickerOf(frame);
    const text = frame.original || (frame.gift ? "" : frame.spoken);
    if (!text) return null;
    const segments = segmentsOf(text, frame.captions ?? [], frame.emotes ?? {}, frame.duration_ms);
    const words = element("div", "words");
    this.#roll = element("div", "roll");
    const base = textOf(segments, frame.reply_to);
    this.#lit = textOf(segments, frame.reply_to);
    this.#lit.classList.add("lit");
    this.#lit.ariaHidden = "true";
    this.#parts = segments.map(({ startMs, endMs }, index) => ({
      startMs,
      endMs,
      element: this.#lit.querySelectorAll(".part")[index],
      lines: null,
    }));
    this.#roll.append(base, this.#lit);
    words.append(this.#roll);
    return words;
  }

  /** Of a long text, show the line that is heard. */
  #rollTo(ms) {
    this.#rolledAt = ms;
    const window = this.#roll.parentElement;
    const hidden = this.#roll.offsetHeight - window.clientHeight;
    this.classList.toggle("long", hidden > 1);
    const part = this.#parts[Math.min(this.#index, this.#parts.length - 1)];
    if (hidden <= 1 || !part) return;
    part.lines ??= linesOf(part.element, this.#roll);
    const { middle } = lineAt(part, ms);
    const row = parseFloat(getComputedStyle(this.#roll).lineHeight);
    const by = Math.min(hidden, Math.max(0, Math.floor(middle / row) - 1) * row); // the line before it is seen too
    this.#roll.style.transform = by > 1 ? `translateY(${-by.toFixed(1)}px)` : "";
    this.classList.toggle("rolled", by > 1);
    this.classList.toggle("at-end", by >= hidden - 1);
  }
}

customElements.define("danmu-caption", DanmuCaption);

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function fill(part, share) {
  part.element.style.backgroundSize = `${(share * 100).toFixed(2)}% 100%`;
}

function textOf(segments, replyTo) {
  const text = element("p", "text");
  text.dir = "auto";
  if (replyTo) text.append(element("bdi", "reply", `@${replyTo}`), " ");
  for (const { pieces } of segments) {
    const part = element("span", "part");
    part.append(...pieces.map((piece) => (piece.picture ? pictureOf(piece, "emote") : piece.text)));
    part.classList.toggle("rtl", RTL.test(part.textContent));
    text.append(part);
  }
  return text;
}

/** Where it cannot be had, its text stands for it. */
function pictureOf({ text, picture }, name) {
  const image = element("img", name);
  image.alt = text;
  image.referrerPolicy = "no-referrer";
  image.addEventListener("error", () => image.replaceWith(text), { once: true });
  image.src = picture;
  return image;
}

function stickerOf({ original, picture }) {
  const words = element("div", "words pictured");
  words.append(pictureOf({ text: original, picture }, "sticker"));
  return words;
}

function headOf({ kind, name, amount, currency }, names) {
  const head = element("p", "head");
  if (names && name) head.append(element("bdi", "name", name));
  if (amount > 0 && kind !== "danmu") head.append(element("span", "paid", money(amount, currency)));
  return head.childNodes.length > 0 ? head : null;
}

function sealOf(name) {
  const seal = element("span", "seal", firstOf(name));
  seal.ariaHidden = "true";
  return seal;
}

function iconOf(kind) {
  const icon = document.getElementById("icons").content.querySelector(`[data-kind="${CSS.escape(kind)}"]`);
  if (!icon) return null;
  const seal = element("span", "seal icon");
  seal.append(icon.cloneNode(true));
  return seal;
}

function firstOf(name) {
  if (!Intl.Segmenter) return [...name][0];
  const { value } = new Intl.Segmenter().segment(name.trim())[Symbol.iterator]().next();
  return value?.segment.toUpperCase() ?? "";
}

function countText(count, always) {
  return always || count > 1 ? `×${count.toLocaleString("en")}` : "";
}

function money(amount, currency) {
  const minimumFractionDigits = Number.isInteger(amount) ? 0 : 2;
  try {
    const options = { style: "currency", currency, currencyDisplay: "narrowSymbol", minimumFractionDigits };
    return new Intl.NumberFormat(undefined, { ...options, maximumFractionDigits: 2 }).format(amount);
  } catch {
    return `${amount} ${currency}`;
  }
}

/** The same colour for the same viewer. */
function hueOf(text) {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
  return hash % HUES;
}

function linesOf(part, roll) {
  const { top } = roll.getBoundingClientRect();
  return [...part.getClientRects()].map((rect) => ({ middle: rect.top + rect.height / 2 - top, width: rect.width }));
}

function lineAt({ startMs, endMs, lines }, ms) {
  const share = Math.min(1, Math.max(0, (ms - startMs) / (endMs - startMs)));
  let left = share * lines.reduce((sum, { width }) => sum + width, 0);
  for (const line of lines) {
    if (left <= line.width) return line;
    left -= line.width;
  }
  return lines.at(-1) ?? { middle: 0 };
}
