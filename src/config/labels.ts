/** `key=value`; the value may hold further `=` signs and may be empty. Null when there is no `=` or no key. */
export function parseLabel(text: string): readonly [string, string] | null {
  const separator = text.indexOf("=");
  if (separator <= 0) return null;
  const key = text.slice(0, separator).trim();
  return key === "" ? null : [key, text.slice(separator + 1).trim()];
}

/** `a=1,b=2`; null when any part is not a label. */
export function parseLabels(text: string): Record<string, string> | null {
  const labels = text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(parseLabel);
  return labels.every((label) => label !== null) ? Object.fromEntries(labels) : null;
}
