/**
 * TypeScript source as tokens: identifiers, numbers, punctuation and texts, without comments. TypeScript 7 ships no parser for
 * programs, and the import check needs no more than this: what is code, what is text and what is neither.
 *
 * @typedef {{ kind: "word" | "mark" | "text" | "template" | "pattern", value: string, line: number }} Token
 */

const wordPattern = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*|\d[\w.]*/uy;
/** After these words a slash starts a regular expression, after any other word it divides. */
const wordsBeforePattern = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "delete",
  "void",
  "throw",
  "new",
  "else",
  "do",
  "await",
]);

/** @returns {Token[]} */
export function tokensOf(source) {
  const tokens = [];
  /** For each open template literal, the depth of braces at which its `${` was met. */
  const templates = [];
  let braces = 0;
  let line = 1;
  let at = source.startsWith("#!") ? endOfLine(source, 0) : 0;

  const push = (kind, value, end) => {
    tokens.push({ kind, value, line });
    for (let index = at; index < end; index += 1) if (source[index] === "\n") line += 1;
    at = end;
  };
  const pushTemplate = (start) => {
    const { end, opens } = endOfTemplate(source, start);
    push("template", source.slice(start, end - (opens ? 2 : 1)), end);
    if (opens) templates.push(braces);
  };

  while (at < source.length) {
    const character = source[at];
    if (character === "\n") {
      line += 1;
      at += 1;
    } else if (/\s/.test(character)) {
      at += 1;
    } else if (source.startsWith("//", at)) {
      at = endOfLine(source, at);
    } else if (source.startsWith("/*", at)) {
      const end = source.indexOf("*/", at + 2);
      const next = end === -1 ? source.length : end + 2;
      line += source.slice(at, next).split("\n").length - 1;
      at = next;
    } else if (character === '"' || character === "'") {
      const end = endOfText(source, at);
      push("text", source.slice(at + 1, end - 1), end);
    } else if (character === "`") {
      pushTemplate(at + 1);
    } else if (character === "}" && templates.at(-1) === braces) {
      templates.pop();
      pushTemplate(at + 1);
    } else if (character === "/" && startsPattern(tokens.at(-1))) {
      push("pattern", "", endOfPattern(source, at));
    } else {
      wordPattern.lastIndex = at;
      const word = wordPattern.exec(source);
      if (word !== null) {
        push("word", word[0], at + word[0].length);
      } else {
        if (character === "{") braces += 1;
        if (character === "}") braces -= 1;
        push("mark", character, at + 1);
      }
    }
  }
  return tokens;
}

function endOfLine(source, from) {
  const end = source.indexOf("\n", from);
  return end === -1 ? source.length : end;
}

function endOfText(source, start) {
  let at = start + 1;
  while (at < source.length && source[at] !== source[start] && source[at] !== "\n") at += source[at] === "\\" ? 2 : 1;
  return at + 1;
}

function endOfTemplate(source, start) {
  let at = start;
  while (at < source.length) {
    if (source[at] === "`") return { end: at + 1, opens: false };
    if (source.startsWith("${", at)) return { end: at + 2, opens: true };
    at += source[at] === "\\" ? 2 : 1;
  }
  return { end: source.length + 1, opens: false };
}

function startsPattern(previous) {
  if (previous === undefined) return true;
  if (previous.kind === "word") return wordsBeforePattern.has(previous.value);
  return previous.kind === "mark" && !/[)\]}]/.test(previous.value);
}

function endOfPattern(source, start) {
  let at = start + 1;
  let inClass = false;
  while (at < source.length && source[at] !== "\n") {
    if (source[at] === "\\") at += 1;
    else if (source[at] === "[") inClass = true;
    else if (source[at] === "]") inClass = false;
    else if (source[at] === "/" && !inClass) break;
    at += 1;
  }
  at += 1;
  while (/[a-z]/.test(source[at] ?? "")) at += 1;
  return at;
}
