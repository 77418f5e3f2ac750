// Which parts of a danmu are heard when, and which of its characters are pictures.

/**
 * @typedef {{text: string, picture?: string}} Piece
 * @typedef {{startMs: number, endMs: number, pieces: Piece[]}} Segment
 */

/**
 * @param {string} text as it is shown
 * @param {{text: string, start_ms: number, end_ms: number}[]} captions parts of it, in order
 * @param {Record<string, string>} emotes parts of it to the addresses of their pictures
 * @param {number} durationMs of all its audio
 * @returns {Segment[]} all of the text
 */
export function segmentsOf(text, captions, emotes, durationMs) {
  const pieces = piecesOf(text, emotes);
  const times = timesOf(text, captions);
  if (times.length === 0) return [{ startMs: 0, endMs: durationMs, pieces }];
  const segments = times.map(({ startMs, endMs }) => ({ startMs, endMs, pieces: [] }));
  const edges = [...times.slice(1).map(({ from }) => from), Infinity];
  let at = 0;
  let index = 0;
  for (const piece of pieces) {
    let rest = piece.text;
    while (rest.length > 0) {
      while (at >= edges[index]) index++;
      // A picture is all of one segment; text is cut where the next begins.
      const length = piece.picture ? rest.length : Math.min(rest.length, edges[index] - at);
      segments[index].pieces.push({ ...piece, text: rest.slice(0, length) });
      rest = rest.slice(length);
      at += length;
    }
  }
  return segments.filter((segment) => segment.pieces.length > 0);
}

/** Captions that the text does not have are left out; the one before then lasts as long. */
function timesOf(text, captions) {
  const times = [];
  let at = 0;
  for (const { text: part, start_ms, end_ms } of captions) {
    const words = part.trim();
    const from = words ? text.indexOf(words, at) : -1;
    if (from >= 0) {
      times.push({ from, startMs: start_ms, endMs: end_ms });
      at = from + words.length;
    } else if (times.length > 0) times.at(-1).endMs = end_ms;
  }
  return times;
}

/** @returns {Piece[]} */
function piecesOf(text, emotes) {
  const codes = Object.keys(emotes).filter((code) => code && isPicture(emotes[code]));
  if (codes.length === 0) return text ? [{ text }] : [];
  const longestFirst = codes.sort((one, other) => other.length - one.length);
  const found = new RegExp(`(${longestFirst.map(escapePattern).join("|")})`, "u");
  return text
    .split(found)
    .filter(Boolean)
    .map((part) => (Object.hasOwn(emotes, part) ? { text: part, picture: emotes[part] } : { text: part }));
}

/** @param {string | null | undefined} url @returns {boolean} */
export function isPicture(url) {
  return typeof url === "string" && url.startsWith("https://") && URL.canParse?.(url) !== false;
}

function escapePattern(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
