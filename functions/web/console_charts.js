// Small charts on canvas: as sharp as the screen is, in the colours of the page.

const PADDING_PX = 3;

/** A canvas that is drawn anew when its size, the screen or the colours change. */
export class Chart {
  #canvas;
  #paint = null;
  #size = "";

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** @param {(pen: Pen) => void} paint @param {string} text what it shows, for who does not see it */
  show(paint, text) {
    this.#paint = paint;
    if (this.#canvas.ariaLabel !== text) this.#canvas.ariaLabel = this.#canvas.title = text;
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (!this.#paint || width === 0) return;
    const scale = devicePixelRatio;
    const size = `${Math.round(width * scale)} ${Math.round(height * scale)}`;
    if (size !== this.#size) [this.#canvas.width, this.#canvas.height] = size.split(" ").map(Number);
    this.#size = size;
    const context = this.#canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#paint(new Pen(context, width, height, getComputedStyle(this.#canvas)));
  }
}

/** Draws values into a box, whose top is `most`. */
export class Pen {
  #context;
  #style;

  constructor(context, width, height, style) {
    Object.assign(this, { width, height });
    this.#context = context;
    this.#style = style;
  }

  /** A filled line through points of x 0 to 1 and y 0 to 1. @param {[number, number][]} points */
  area(points) {
    const context = this.#context;
    const place = ([x, y]) => [x * this.width, this.#y(y)];
    context.beginPath();
    context.moveTo(points[0][0] * this.width, this.height);
    for (const point of points) context.lineTo(...place(point));
    context.lineTo(points.at(-1)[0] * this.width, this.height);
    context.globalAlpha = 0.16;
    context.fillStyle = this.#style.color;
    context.fill();
    context.globalAlpha = 1;
    context.beginPath();
    for (const point of points) context.lineTo(...place(point));
    context.strokeStyle = this.#style.color;
    context.lineWidth = 1.75;
    context.lineJoin = "round";
    context.stroke();
  }

  /** Upright bars of 0 to 1; null is a gap. @param {(number | null)[]} values */
  bars(values) {
    const step = this.width / values.length;
    const gap = Math.min(2, step * 0.3);
    values.forEach((value, index) => {
      if (value === null) return;
      const tall = Math.max(1.5, value * (this.height - PADDING_PX));
      this.#context.fillStyle = value > 0 ? this.#style.color : this.#colour("--line");
      this.#context.beginPath();
      this.#context.roundRect(index * step + gap / 2, this.height - tall, step - gap, tall, Math.min(1.5, tall / 2));
      this.#context.fill();
    });
  }

  /** A dashed line across, and what it is. @param {number} y 0 to 1 @param {string} label */
  limit(y, label) {
    const context = this.#context;
    const top = Math.round(this.#y(y)) + 0.5;
    context.save();
    context.setLineDash([4, 4]);
    context.strokeStyle = this.#colour("--edge");
    context.beginPath();
    context.moveTo(0, top);
    context.lineTo(this.width, top);
    context.stroke();
    context.restore();
    this.#label(label, 0, top - 4);
  }

  /** The ground line. */
  base() {
    this.#context.fillStyle = this.#colour("--line");
    this.#context.fillRect(0, this.height - 1, this.width, 1);
  }

  /** It can be read over what is drawn. */
  #label(text, x, y) {
    const context = this.#context;
    context.font = `11px ${this.#style.fontFamily}`;
    context.lineWidth = 4;
    context.strokeStyle = this.#colour("--card");
    context.strokeText(text, x, y);
    context.fillStyle = this.#colour("--soft");
    context.fillText(text, x, y);
  }

  #y(share) {
    return PADDING_PX + (1 - share) * (this.height - PADDING_PX - 1);
  }

  #colour(name) {
    return this.#style.getPropertyValue(name);
  }
}
