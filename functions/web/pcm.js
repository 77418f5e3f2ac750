// Signed 16-bit little-endian mono samples, as they come, to floats, as browsers play them.

export const RATE_HZ = 24_000;

/** @param {string} text base64 @returns {Uint8Array} */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Decodes a stream that may be cut anywhere, also within a sample. */
export class PcmDecoder {
  #half = null;

  /** @param {Uint8Array} bytes @returns {Float32Array} -1 to 1 */
  decode(bytes) {
    if (this.#half !== null && bytes.length > 0) {
      const joined = new Uint8Array(bytes.length + 1);
      joined[0] = this.#half;
      joined.set(bytes, 1);
      bytes = joined;
      this.#half = null;
    }
    if (bytes.length % 2 === 1) this.#half = bytes[bytes.length - 1];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const samples = new Float32Array(bytes.length >> 1);
    for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(i * 2, true) / 32768;
    return samples;
  }
}
