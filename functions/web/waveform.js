// Draws audio as bars while it arrives, and how much of it was heard.

const BUCKET = 240; // samples a peak: 10 ms
const BAR_PX = 3;
const GAP_PX = 2;

export class Waveform {
  #canvas;
  #peaks = [];
  #pending = 0; // samples in the last peak
  #last = [0, 1];

  /** @param {HTMLCanvasElement} canvas its CSS `color` is what was heard, `--rest` what is still to come */
  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.draw(...this.#last)).observe(canvas);
  }

  /** @param {Float32Array} samples */
  push(samples) {
    for (const sample of samples) {
      if (this.#pending === 0) this.#peaks.push(0);
      this.#pending = (this.#pending + 1) % BUCKET;
      const level = Math.abs(sample);
      if (level > this.#peaks[this.#peaks.length - 1]) this.#peaks[this.#peaks.length - 1] = level;
    }
  }

  restart() {
    this.#peaks = [];
    this.#pending = 0;
  }

  /** @param {number} heard samples @param {number} total samples that fill the width */
  draw(heard, total) {
    this.#last = [heard, total];
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0) return;
    const scale = devicePixelRatio;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    const context = this.#canvas.getContext("2d");
    const style = getComputedStyle(this.#canvas);
    const [played, rest] = [style.color, style.getPropertyValue("--rest")];
    context.scale(scale, scale);
    const bars = Math.floor((width + GAP_PX) / (BAR_PX + GAP_PX));
    const perBar = total / BUCKET / bars;
    for (let bar = 0; bar < bars; bar++) {
      const level = this.#level(bar * perBar, (bar + 1) * perBar);
      const tall = Math.max(BAR_PX, level * height);
      context.fillStyle = (bar + 0.5) * perBar * BUCKET < heard ? played : rest;
      context.beginPath();
      context.roundRect(bar * (BAR_PX + GAP_PX), (height - tall) / 2, BAR_PX, tall, BAR_PX / 2);
      context.fill();
    }
  }

  /** The loudest between two peaks; the exponent brings quiet speech into sight. */
  #level(from, to) {
    let loudest = 0;
    for (let i = Math.floor(from); i < Math.min(Math.max(to, Math.floor(from) + 1), this.#peaks.length); i++) {
      loudest = Math.max(loudest, this.#peaks[i]);
    }
    return Math.min(1, loudest ** 0.75);
  }
}
