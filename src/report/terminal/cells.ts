/** Text in cells of a terminal: some characters take two of them, some none. */

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const wide =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;
const invisible = /^[\p{M}\p{Cf}]+$/u;

/** Cells that a terminal gives to a text without control characters (Unicode Standard Annex 11, and emoji). */
export function cellWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOf(segment);
  return width;
}

/** Exactly so many cells: cut with "…", or filled up behind. */
export function fitted(text: string, width: number): string {
  const short = text.slice(0, 8 * width);
  if (short === text && cellWidth(text) <= width) return text + " ".repeat(width - cellWidth(text));
  let kept = "";
  let taken = 0;
  for (const { segment } of graphemes.segment(short)) {
    if (taken + widthOf(segment) > width - 1) break;
    kept += segment;
    taken += widthOf(segment);
  }
  return `${kept}…${" ".repeat(Math.max(0, width - taken - 1))}`;
}

function widthOf(grapheme: string): number {
  if (wide.test(grapheme)) return 2;
  return invisible.test(grapheme) ? 0 : 1;
}
