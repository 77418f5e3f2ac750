// What became of all that arrived, and what it cost.

import { at, make, setData, setHidden, setText } from "./console_dom.js";
import { formatMoney, formatNumber, t, wordFor } from "./console_language.js";

const CURRENCY = "USD";

export class Totals {
  #room;
  #legend = new Map();
  #shares = new Map();
  #reasons = new Map();

  /** @param {import("./console_room.js").Room} room */
  constructor(room) {
    this.#room = room;
    for (const total of ["spoken", "merged", "waiting", "dropped", "retracted"]) this.#addTotal(total);
  }

  draw() {
    const { state } = this.#room;
    setText(at("totals-title"), state ? t("totals", { n: state.counts.arrived }) : t("totalsName"));
    setHidden(at("totals"), !state);
    if (!state) return;
    const { spoken, merged, retracted, dropped } = state.counts;
    const reasons = Object.entries(dropped).sort(([, a], [, b]) => b - a);
    const letGo = reasons.reduce((sum, [, n]) => sum + n, 0);
    this.#drawTotals({ spoken, merged, retracted, dropped: letGo, waiting: state.waiting.length });
    this.#drawReasons(reasons, letGo);
    this.#drawSpend(state);
  }

  #addTotal(total) {
    const [count, word] = [make("b"), make("span")];
    const item = make("li", {}, make("i"), count, word);
    item.dataset.total = total;
    at("legend").append(item);
    const share = make("span");
    share.dataset.total = total;
    at("stack").append(share);
    this.#legend.set(total, { item, count, word });
    this.#shares.set(total, share);
  }

  #drawTotals(totals) {
    for (const [total, n] of Object.entries(totals)) {
      const { item, count, word } = this.#legend.get(total);
      setText(count, formatNumber(n));
      setText(word, t(`total.${total}`));
      setHidden(item, n === 0 && total === "retracted");
      setHidden(this.#shares.get(total), n === 0);
      this.#shares.get(total).style.flexGrow = String(n);
    }
  }

  #drawReasons(reasons, letGo) {
    setHidden(at("why"), letGo === 0);
    for (const [reason, n] of reasons) {
      if (!this.#reasons.has(reason)) this.#reasons.set(reason, makeReason());
      const { item, word, count, bar } = this.#reasons.get(reason);
      setText(word, wordFor("reason", reason));
      setText(count, formatNumber(n));
      bar.style.transform = `scaleX(${n / letGo})`;
      setData(item, "reason", reason);
    }
    const order = reasons.map(([reason]) => this.#reasons.get(reason).item);
    const list = at("reasons");
    if (order.length !== list.children.length || order.some((item, index) => list.children[index] !== item)) list.replaceChildren(...order);
  }

  #drawSpend({ spent_usd: spent, settings: { monthly_usd: budget } }) {
    const money = (amount) => formatMoney(amount, CURRENCY);
    const shown = spent === null ? t("spendUnknown") : money(spent);
    setText(at("spend"), budget === null ? (spent === null ? shown : t("spendNoBudget", { spent: shown })) : t("spendOf", { spent: shown, budget: money(budget) }));
    setHidden(at("spend-meter"), budget === null || spent === null);
    const share = budget > 0 ? Math.min(1, spent / budget) : 1;
    at("spend-meter").firstElementChild.style.transform = `scaleX(${share})`;
    setData(at("spend-meter"), "full", String(share >= 1));
  }
}

function makeReason() {
  const [word, count, bar] = [make("span"), make("b"), make("span")];
  const item = make("li", {}, word, count, make("span", { className: "bar", ariaHidden: "true" }, bar));
  return { item, word, count, bar };
}
