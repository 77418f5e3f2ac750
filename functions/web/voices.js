// The list of voices, grouped by language.

const ANY = "mul";
const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

/** Keeps what was chosen, if it is still there. @param {HTMLSelectElement} select @param {object[]} voices */
export function showVoices(select, voices) {
  const chosen = select.value;
  const groups = new Map();
  for (const voice of voices) {
    const language = voice.language === ANY ? "Any language" : names.of(voice.language.split(/[-_]/)[0]);
    if (!groups.has(language)) groups.set(language, []);
    groups.get(language).push(voice);
  }
  const [byText] = select.options;
  select.replaceChildren(byText, ...[...groups].sort(([a], [b]) => a.localeCompare(b)).map(group));
  select.value = chosen;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}

function group([language, voices]) {
  const element = document.createElement("optgroup");
  element.label = language;
  element.append(...voices.map((voice) => new Option(describe(voice), voice.id)));
  return element;
}

function describe({ name, language, gender, backend }) {
  const region = language.split(/[-_]/)[1];
  return [name, ...(["female", "male"].includes(gender) ? [gender] : []), ...(region ? [region.toUpperCase()] : []), backend].join(" · ");
}
