// What is in the way: no connection, no token, the wrong one, nobody who plays.

import { at, setData, setHidden, setText } from "./console_dom.js";
import { errorText } from "./console_actions.js";
import { t } from "./console_language.js";
import { isKey } from "./credentials.js";

const COPIED_MS = 2500;

export class Notices {
  #connection;
  #room;
  #wantsOther = false;

  /** @param {import("./connection.js").Connection} connection @param {import("./console_room.js").Room} room */
  constructor(connection, room) {
    this.#connection = connection;
    this.#room = room;
    at("key-form").addEventListener("submit", (event) => this.#submitKey(event));
    at("other-token").addEventListener("click", () => this.#askOther());
    at("copy-url").addEventListener("click", () => copyUrl());
    at("overlay-url").value = `${location.origin}/overlay/${encodeURIComponent(room.name)}`;
    at("overlay-url").addEventListener("focus", () => at("overlay-url").select());
    connection.addEventListener("state", ({ detail }) => this.#connectionIs(detail));
  }

  draw() {
    const { state: link } = this.#connection;
    const { state, problem } = this.#room;
    setData(document.body, "link", link);
    setData(at("connection"), "state", link);
    setText(at("connection-text"), t(`connection.${link}`));
    setHidden(at("listeners"), !state || link !== "open");
    if (state) setText(at("listeners"), t("players", { n: state.listeners }));
    const wantsKey = link === "key" || this.#wantsOther;
    setHidden(at("key-form"), !wantsKey);
    this.#drawRefused(link === "open" && !wantsKey ? problem : null);
    setHidden(at("no-player"), link !== "open" || !state || state.has_player || problem !== null);
    setHidden(at("no-player-token"), !this.#connection.hasKey);
  }

  #drawRefused(problem) {
    setHidden(at("refused"), !problem);
    if (!problem) return;
    const isForbidden = problem.code === "forbidden" || problem.code === "unauthorized";
    setText(at("refused-title"), t(isForbidden ? "forbiddenTitle" : "problemTitle"));
    setText(at("refused-hint"), isForbidden ? t("forbiddenHint") : errorText(problem));
    setHidden(at("other-token"), !isForbidden);
  }

  #connectionIs(link) {
    if (link === "open") this.#wantsOther = false;
    if (link !== "key") return;
    setText(at("key-problem"), this.#connection.hasKey ? t("keyRefused") : "");
    setHidden(at("key-form"), false);
    at("key").focus();
  }

  #askOther() {
    this.#wantsOther = true;
    setHidden(at("key-form"), false);
    at("key").focus();
    this.draw();
  }

  #submitKey(event) {
    event.preventDefault();
    const key = at("key").value.trim();
    const isPossible = isKey(key);
    setText(at("key-problem"), isPossible ? "" : t("keyShape"));
    if (!isPossible) return;
    this.#room.problem = null;
    this.#wantsOther = false;
    at("key").value = "";
    this.#connection.useKey(key);
  }
}

async function copyUrl() {
  const field = at("overlay-url");
  let isCopied = false;
  try {
    await navigator.clipboard.writeText(field.value);
    isCopied = true;
  } catch {
    field.select(); // pages at http://192.168.… have no clipboard; what is selected can be copied by hand
    isCopied = document.execCommand("copy");
  }
  at("copy-url").textContent = t(isCopied ? "copied" : "copyFailed");
  setTimeout(() => (at("copy-url").textContent = t("copy")), COPIED_MS);
}
