// The page at /overlay/{room}: hear a room and see what is said. For OBS, as a browser source.

import { Connection } from "./connection.js";
import { isKey, takeClientId } from "./credentials.js";
import { applyLook } from "./overlay_look.js";
import { CaptionStack } from "./overlay_stack.js";
import { RoomAudio } from "./room_audio.js";
import { Recent } from "./room_figures.js";
import { RoomPlayer } from "./room_player.js";

const ROOM = /^[a-zA-Z0-9\-_]{1,64}$/;
const NOTES = {
  fine: "",
  silent: "", // the button says it
  away: "Not connected, retrying",
  refused: "Token refused",
  missing: "This room asks for a token",
  forbidden: "This token is for another room",
  standby: "Another player speaks",
  nowhere: "This address names no room",
};
const PATIENCE_MS = 1500; // what is over sooner need not be said
const SAMPLE_EVERY_MS = 250;

const at = (id) => document.getElementById(id);
const room = location.pathname.split("/").at(-1);
const look = applyLook(location.search, document.documentElement);
const captions = new CaptionStack(at("captions"), look);
const highlightErrors = new Recent();
let noting = null;
let isMoving = false;

if (ROOM.test(room)) play();
else note("nowhere");

function play() {
  const audio = new RoomAudio({ volume: look.volume });
  const options = { url: websocketUrl(), clientId: takeClientId(), key: takeToken(), keep: () => {} };
  const connection = new Connection({ ...options, isIdle: () => player.isIdle });
  const player = new RoomPlayer({ connection, room, audio });
  player.addEventListener("start", ({ detail }) => {
    captions.show(detail.frame);
    move(player);
  });
  player.addEventListener("end", ({ detail }) => captions.end(detail.id, detail.outcome === "skipped"));
  player.addEventListener("merged", ({ detail }) => captions.recount(detail.id, detail.count));
  player.addEventListener("condition", ({ detail }) => {
    note(detail === "refused" && !connection.hasKey ? "missing" : detail);
  });
  audio.addEventListener("change", () => (at("sound").hidden = audio.isAllowed));
  addEventListener("pointerdown", () => audio.unlock());
  addEventListener("keydown", () => audio.unlock());
  setTimeout(() => (at("sound").hidden = audio.isAllowed), PATIENCE_MS);
  window.danmuOverlay = { stats: () => ({ ...player.stats, highlightErrorMs: highlightErrors.values }) };
  connection.connect();
}

/** Where the server says, or at its own address. */
function websocketUrl() {
  const told = document.querySelector('meta[name="danmu-tts-websocket"]').content;
  return told || `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;
}

/** The token leaves the address, which others may see; this tab keeps it, for OBS loads again what stands there. */
function takeToken() {
  const kept = `danmu-tts-token:${room}`;
  const address = new URL(location.href);
  const given = address.searchParams.get("token");
  if (given !== null) {
    address.searchParams.delete("token");
    history.replaceState(history.state, "", address);
    sessionStorage.setItem(kept, isKey(given) ? given : "");
  }
  return sessionStorage.getItem(kept) ?? "";
}

function note(condition) {
  clearTimeout(noting);
  const show = () => {
    at("note").textContent = NOTES[condition];
    at("note").dataset.condition = condition;
  };
  if (NOTES[condition]) noting = setTimeout(show, PATIENCE_MS);
  else show();
}

/** The highlight follows the sound, and rests when there is none. */
function move(player) {
  if (isMoving) return;
  isMoving = true;
  let sampledAt = 0;
  const step = (now) => {
    const ms = player.positionMs;
    isMoving = ms !== null;
    if (!isMoving) return;
    const { current } = captions;
    if (current && current.shownMs > 0 && ms > current.shownMs && now > sampledAt + SAMPLE_EVERY_MS) {
      highlightErrors.add(ms - current.shownMs); // of what was on the screen until now
      sampledAt = now;
    }
    current?.tick(ms);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
