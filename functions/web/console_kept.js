// What this browser remembers of how somebody likes the console. Where it may not, it forgets.

const PREFIX = "danmu-tts-console-";

/** @param {string} name @returns {string | null} */
export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage is off, in a private window for one
  }
}

/** @param {string} name @param {string} value */
export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // It holds until the page is closed, then.
  }
}
