// How the overlay looks and sounds, by its address: ?theme=paper&size=40&accent=ff8800

const THEMES = ["bubble", "outline", "paper", "neon"];
const ALIGNS = { left: "flex-start", center: "center", right: "flex-end" };
const POSITIONS = ["bottom", "top"];

/**
 * @typedef {object} Look
 * @property {number} lines captions that are seen at once
 * @property {number} volume 0 to 1
 * @property {boolean} names whether viewers' names are shown
 */

/**
 * What cannot be understood is as if it were not there.
 * @param {string} search @param {HTMLElement} root @returns {Look}
 */
export function applyLook(search, root) {
  const given = new URLSearchParams(search);
  const position = oneOf(given.get("position"), POSITIONS);
  const align = oneOf(given.get("align"), Object.keys(ALIGNS));
  root.dataset.theme = oneOf(given.get("theme"), THEMES);
  root.dataset.position = position;
  root.dataset.align = align;
  const own = ["accent", "ink", "ground"].filter((name) => set(root, name, color(given.get(name))));
  root.dataset.own = own.join(" "); // a theme's other colours would not go with them
  set(root, "font", font(given.get("font")));
  const size = number(given.get("size"), 8, 300, null);
  set(root, "size", size && `${size}px`);
  return {
    lines: Math.round(number(given.get("lines"), 1, 20, 3)),
    volume: given.get("sound") === "0" ? 0 : number(given.get("volume"), 0, 1, 1),
    names: given.get("names") !== "0",
  };
}

/** @returns {boolean} whether there is anything to set */
function set(root, name, value) {
  if (value) root.style.setProperty(`--${name}`, value);
  return Boolean(value);
}

function oneOf(value, known) {
  return known.includes(value) ? value : known[0];
}

function number(value, least, most, otherwise) {
  const found = value ? Number(value) : NaN;
  return found >= least && found <= most ? found : otherwise;
}

/** In an address # begins something else, so ff8800 is #ff8800. */
function color(value) {
  if (!value) return null;
  const found = /^([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(value) ? `#${value}` : value;
  return isPlain(found) && CSS.supports("color", found) ? found : null;
}

function font(value) {
  return value && isPlain(value) && CSS.supports("font-family", value) ? `${value}, var(--fonts)` : null;
}

/** References are supported whatever they refer to. */
function isPlain(value) {
  return value.length <= 200 && !/(var|env|attr|url)\s*\(/i.test(value);
}
