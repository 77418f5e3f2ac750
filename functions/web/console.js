// The streamer's console of a room: what waits, what became of the rest, and the means to steer it.

import { Connection } from "./connection.js";
import { Actions } from "./console_actions.js";
import { Controls } from "./console_controls.js";
import { at, oncePerFrame } from "./console_dom.js";
import { Figures } from "./console_figures.js";
import { listenToKeys } from "./console_keys.js";
import { currentLanguage, languages, speakIn, t, translate } from "./console_language.js";
import { Log } from "./console_log.js";
import { Notices } from "./console_notices.js";
import { Queue } from "./console_queue.js";
import { Room } from "./console_room.js";
import { Settings } from "./console_settings.js";
import { Stage } from "./console_stage.js";
import { showOutcome } from "./console_toast.js";
import { Totals } from "./console_totals.js";
import { isKey, keepKey, takeClientId, takeKey } from "./credentials.js";

const TICK_MS = 1000;
const LOG_MS = 200; // nobody reads twenty changes a second

const roomName = decodeURIComponent(location.pathname.split("/").filter(Boolean).at(-1));
const connection = new Connection({
  url: websocketUrl(),
  clientId: takeClientId(),
  key: takeToken(),
  isIdle: () => actions.isIdle,
});
const room = new Room(connection, roomName);
const actions = new Actions(connection, room);
let logTimer = 0;
/** What is due in the next frame beside the log. */
const due = { all: true, tick: true };
const drawDue = oncePerFrame(() => {
  log.draw();
  if (due.all) for (const part of [notices, controls, stage, queue, totals, settings]) part.draw();
  if (due.tick) for (const part of [queue, figures]) part.tick();
  due.all = due.tick = false;
  clearTimeout(logTimer);
  logTimer = 0;
});

const notices = new Notices(connection, room);
const controls = new Controls(connection, room, actions);
const stage = new Stage(room, block);
const queue = new Queue(room, { retract: (utterance) => actions.retract(utterance), block }, draw);
const log = new Log(room, (entry) => actions.replay(entry));
const totals = new Totals(room);
const figures = new Figures(room);
const settings = new Settings(connection, room, actions);

room.addEventListener("change", () => (logTimer ||= setTimeout(drawDue, LOG_MS)));
for (const event of ["state", "refused"]) room.addEventListener(event, draw);
connection.addEventListener("state", draw);
actions.addEventListener("outcome", ({ detail }) => showOutcome(detail));
languages.addEventListener("change", redraw);
at("language").addEventListener("click", () => speakIn(currentLanguage() === "en" ? "zh" : "en"));
at("open-settings").addEventListener("click", () => settings.open());
for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
listenToKeys({ queue, controls, actions, openSettings: () => settings.open() });
setInterval(() => document.hidden || tick(), TICK_MS);

translate(document);
at("room").textContent = roomName;
redraw();
connection.connect();

/** Where the server says, or at its own address. */
function websocketUrl() {
  const told = document.querySelector('meta[name="danmu-tts-websocket"]').content;
  return told || `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;
}

/** The token of `?token=…` leaves the address bar, which may be on the stream. */
function takeToken() {
  const search = new URLSearchParams(location.search);
  const token = search.get("token");
  if (token !== null) {
    search.delete("token");
    history.replaceState(history.state, "", location.pathname + (search.size > 0 ? `?${search}` : "") + location.hash);
    if (isKey(token)) keepKey(token);
  }
  return takeKey();
}

function block({ viewer, name }) {
  actions.block(viewer, name);
}

function draw() {
  due.all = true;
  drawDue();
}

/** What changes by itself does so once a second. */
function tick() {
  due.tick = true;
  draw();
}

function redraw() {
  document.title = `${roomName} · ${t("title")} · Danmu TTS`;
  log.redraw();
  settings.redraw();
  tick();
}
