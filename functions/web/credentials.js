// Who this page is to the server: a secret of its own, and an API key where one is wanted. Both end with the tab.

const CLIENT = "danmu-tts-client";
const KEY = "danmu-tts-key";

/** @param {number} bytes @returns {string} that many random bytes in hexadecimal */
export function randomHex(bytes) {
  // Not crypto.randomUUID: pages at http://192.168.… have none.
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The client id of this tab. While the page is open it is not in the storage, which a duplicated tab would copy:
 * two clients of one id would take each other's audio.
 * @returns {string}
 */
export function takeClientId() {
  const id = sessionStorage.getItem(CLIENT) ?? randomHex(16);
  sessionStorage.removeItem(CLIENT);
  addEventListener("pagehide", () => sessionStorage.setItem(CLIENT, id));
  addEventListener("pageshow", (event) => event.persisted && sessionStorage.removeItem(CLIENT));
  return id;
}

/** The API key of `#key=…`, which leaves the address bar, or of this tab. @returns {string} empty: none */
export function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given !== null) {
    history.replaceState(history.state, "", location.pathname + location.search);
    if (isKey(given)) keepKey(given);
  }
  return sessionStorage.getItem(KEY) ?? "";
}

/** @param {string} key */
export function keepKey(key) {
  sessionStorage.setItem(KEY, key);
}

/** Whether a text can be an API key or a room token: a WebSocket could not even offer anything else. @param {string} key */
export function isKey(key) {
  return /^[A-Za-z0-9_.-]{1,4096}$/.test(key);
}
