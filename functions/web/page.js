// The page at /: type a line, choose a voice, hear it.

import { Connection } from "./connection.js";
import { isKey, takeClientId, takeKey } from "./credentials.js";
import { LineView } from "./line_view.js";
import { Lines } from "./lines.js";
import { Player } from "./player.js";
import { Speaks } from "./speaks.js";
import { countChars, MOST_CHARS, SAMPLES, scriptLanguage } from "./texts.js";
import { showVoices } from "./voices.js";

const COUNTED_FROM = 800;
const CONNECTION_STATES = {
  connecting: "Connecting…",
  open: "Connected",
  away: "Not connected, retrying",
  key: "API key needed",
};
const WORTH_SAYING = { speaking: "Speaking", done: "Done", cancelled: "Cancelled", failed: "Failed" };

const at = (id) => document.getElementById(id);

const connection = new Connection({
  url: websocketUrl(),
  clientId: takeClientId(),
  key: takeKey(),
  isIdle: () => speaks.isIdle,
});
const speaks = new Speaks(connection);
const lines = new Lines(connection, speaks, new Player());
/** @type {Map<import("./line.js").Line, LineView>} */
const views = new Map();
const voices = [];

showSamples();
showCount();
connection.addEventListener("state", ({ detail }) => showConnection(detail));
connection.addEventListener("frame", ({ detail }) => takeFrame(detail));
lines.addEventListener("added", ({ detail }) => showLine(detail));
lines.addEventListener("removed", ({ detail }) => forgetLine(detail));
lines.addEventListener("change", ({ detail }) => announce(detail));
at("composer").addEventListener("submit", submit);
at("text").addEventListener("input", showCount);
at("text").addEventListener("keydown", (event) => {
  // While an input method composes, Enter takes its suggestion.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
});
at("speed").addEventListener("input", () => (at("speed-shown").value = `${Number(at("speed").value)}×`));
at("key-form").addEventListener("submit", submitKey);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => views.forEach((view) => view.tick()));
addEventListener("keydown", (event) => event.key === "Escape" && !event.isComposing && lines.cancelAll());
connection.connect();

/** Where the server says, or at its own address. */
function websocketUrl() {
  const told = document.querySelector('meta[name="danmu-tts-websocket"]').content;
  return told || `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;
}

function submit(event) {
  event.preventDefault();
  if (at("speak").disabled) return;
  speak(at("text").value.trim());
  at("text").value = "";
  showCount();
}

function speak(text) {
  lines.add({ text, voice: at("voice").value, speed: Number(at("speed").value) });
}

function showSamples() {
  for (const sample of SAMPLES) {
    const [item, button] = ["li", "button"].map((tag) => document.createElement(tag));
    button.type = "button";
    button.textContent = sample;
    button.lang = scriptLanguage(sample);
    button.addEventListener("click", () => speak(sample));
    item.append(button);
    at("samples").append(item);
  }
}

function showCount() {
  const chars = countChars(at("text").value.trim());
  const isTooLong = chars > MOST_CHARS;
  at("counter").hidden = chars < COUNTED_FROM;
  at("counter").textContent = `${chars} of ${MOST_CHARS} characters${isTooLong ? ": too long to speak at once" : ""}`;
  at("counter").classList.toggle("problem", isTooLong);
  at("text").ariaInvalid = String(isTooLong);
  at("speak").disabled = chars === 0 || isTooLong;
}

function showConnection(state) {
  at("connection").dataset.state = state;
  at("connection-text").textContent = CONNECTION_STATES[state];
  if (state === "open") {
    at("key-form").hidden = true;
    voices.length = 0;
    connection.send({ action: "voices" });
  } else if (state === "key") {
    at("key-problem").textContent = connection.hasKey ? "The server does not know this key." : "";
    at("key-form").hidden = false;
    at("key").focus();
  }
}

function submitKey(event) {
  event.preventDefault();
  const key = at("key").value.trim();
  if (isKey(key)) connection.useKey(key);
  else at("key-problem").textContent = "A key looks like danmu_…, without spaces.";
}

function takeFrame(frame) {
  if (frame.type === "voices") {
    voices.push(...frame.voices);
    if (frame.final) showVoices(at("voice"), voices);
  } else if (frame.type === "error" && !frame.id) at("announcer").textContent = frame.error.message;
}

function showLine(line) {
  const before = [...views.values()].at(-1);
  if (before) before.isOpen = false;
  const view = new LineView(line, at("line"), () => lines.add(line.options));
  view.isOpen = true;
  views.set(line, view);
  at("empty").hidden = true;
  at("lines").prepend(view.element);
  view.tick(); // it has a width now
}

function forgetLine(line) {
  views.get(line).element.remove();
  views.delete(line);
}

/** Says each new state once, and lets things move while something is heard. */
const said = new WeakMap();
function announce(line) {
  if (said.get(line) === line.state) return;
  said.set(line, line.state);
  const word = WORTH_SAYING[line.state];
  if (word) at("announcer").textContent = `${word}: ${line.reason || line.options.text}`;
  if (line.state === "speaking") move();
}

let isMoving = false;
function move() {
  if (isMoving) return;
  isMoving = true;
  const step = () => {
    for (const [line, view] of views) if (!line.isOver && line.state !== "waiting") view.tick();
    isMoving = lines.isSpeaking;
    if (isMoving) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
