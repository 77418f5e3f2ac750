// How the room does: backlog, what comes, what is spoken, how late.

import { Chart } from "./console_charts.js";
import { at, make } from "./console_dom.js";
import { formatNumber, formatSeconds, t } from "./console_language.js";

const SHOWN_MS = 5 * 60_000;
const STEP_MS = 10_000;
const LEAST_BACKLOG_MS = 5000; // of the chart's height: little does not look like much
const LEAST_PER_MINUTE = 6;
const LABEL_ROOM = 1.22; // above the limit, for its words
const UNKNOWN = "–";

export class Figures {
  #room;
  #charts = Object.fromEntries(["backlog", "arrived", "spoken", "lateness"].map((name) => [name, new Chart(at(`${name}-chart`))]));

  /** @param {import("./console_room.js").Room} room */
  constructor(room) {
    this.#room = room;
  }

  /** Once a second. */
  tick() {
    const { state } = this.#room;
    const now = this.#room.now();
    this.#drawBacklog(state, now);
    this.#drawRate("arrived", "arrivingText", now);
    this.#drawRate("spoken", "speakingText", now);
    this.#drawLateness(state?.counts.lateness_ms ?? []);
  }

  #drawBacklog(state, now) {
    const from = now - SHOWN_MS;
    const pieces = this.#room.series.pieces(from);
    const samples = pieces.flat();
    const limit = state?.settings.waiting_ms ?? 0;
    const most = Math.max(LEAST_BACKLOG_MS, ...samples.map(({ backlog_ms }) => backlog_ms));
    const isLimitNear = limit > 0 && limit < most * 3;
    const top = isLimitNear ? Math.max(most, limit * LABEL_ROOM) : most;
    show("backlog", state ? formatSeconds(state.backlog_ms) : UNKNOWN);
    const text = t("backlogText", { now: formatSeconds(state?.backlog_ms ?? 0), most: formatSeconds(Math.max(0, ...samples.map(({ backlog_ms }) => backlog_ms))) });
    this.#charts.backlog.show((pen) => {
      pen.base();
      for (const piece of pieces) pen.area(toPoints(piece, from, now, top, piece === pieces.at(-1)));
      if (isLimitNear) pen.limit(limit / top, t("chartLimit", { limit: formatSeconds(limit) }));
    }, samples.length > 0 ? text : t("chartUnknown"));
  }

  #drawRate(field, key, now) {
    const { series } = this.#room;
    const rate = series.perMinute(field, now);
    // Whole steps of the clock, so that bars stay what they are and move on together.
    const end = Math.floor(now / STEP_MS) * STEP_MS;
    const steps = series.steps(field, end - SHOWN_MS, end, STEP_MS);
    const most = Math.max(0, ...steps.map((step) => step ?? 0));
    show(field, rate === null ? UNKNOWN : formatNumber(Math.round(rate)), t("perMinute"));
    const text = rate === null ? t("chartUnknown") : t(key, { now: Math.round(rate), most: Math.round(most) });
    const top = Math.max(LEAST_PER_MINUTE, most);
    this.#charts[field].show((pen) => {
      pen.base();
      pen.bars(steps.map((step) => (step === null ? null : step / top)));
    }, text);
  }

  #drawLateness(lateness) {
    const sorted = lateness.toSorted((a, b) => a - b);
    const middle = sorted[Math.floor((sorted.length - 1) / 2)];
    const most = sorted.at(-1);
    show("lateness", middle === undefined ? UNKNOWN : formatSeconds(middle));
    const text = middle === undefined ? t("chartUnknown") : t("latenessText", { n: lateness.length, middle: formatSeconds(middle), most: formatSeconds(most) });
    this.#charts.lateness.show((pen) => {
      pen.base();
      if (lateness.length > 0) pen.bars(lateness.map((value) => value / Math.max(1, most)));
    }, text);
  }
}

/** Backlog stays what it was until the next is told; the last one holds until now. */
function toPoints(piece, from, now, top, isLast) {
  const x = (time) => (time - from) / (now - from);
  const points = piece.map(({ at, backlog_ms }) => [x(at), Math.min(1, backlog_ms / top)]);
  if (isLast) points.push([1, points.at(-1)[1]]);
  return points;
}

const shown = new Map();
function show(name, value, unit = "") {
  if (shown.get(name) === value + unit) return;
  shown.set(name, value + unit);
  at(`${name}-value`).replaceChildren(value, ...(unit ? [make("small", { textContent: unit })] : []));
}
