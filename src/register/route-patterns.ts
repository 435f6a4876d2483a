/** The pattern of the route that a path took; null where none fits. */
export type RouteOfPath = (path: string) => string | null;

interface Pattern {
  readonly text: string;
  readonly segments: readonly string[];
}

/** Each request is held against them in turn. */
const maximumPatterns = 200;

/**
 * Patterns as routers write them, separated by commas: a segment `:name` is any one segment, and `*` at the end is all that follows, or nothing. The first
 * that fits is the one. A slash at the end makes no difference, letters do.
 */
export function routePatterns(list: string, problems: string[]): RouteOfPath {
  const texts = list.split(",").map((text) => text.trim());
  const usable = texts.filter((text) => text.startsWith("/"));
  if (usable.length < texts.length) {
    problems.push("Some of CARBON_OPS_ROUTES are left out, because they do not begin with a slash; write /users/:id.");
  }
  if (usable.length > maximumPatterns) {
    problems.push(
      `Only the first ${maximumPatterns} of CARBON_OPS_ROUTES are used; let one pattern stand for more of them.`,
    );
  }
  const patterns = usable.slice(0, maximumPatterns).map((text): Pattern => ({ text, segments: segmentsOf(text) }));
  return (path) => {
    const segments = segmentsOf(path);
    return patterns.find((pattern) => fits(pattern.segments, segments))?.text ?? null;
  };
}

/** Of what a client asked for: without the query, and null for what is no path. */
export function pathOfUrl(url: unknown): string | null {
  if (typeof url !== "string" || !url.startsWith("/")) return null;
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}

function segmentsOf(path: string): readonly string[] {
  const end = path.length > 1 && path.endsWith("/") ? -1 : path.length;
  return path.slice(1, end).split("/");
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === "*";
  const fixed = isOpen ? pattern.length - 1 : pattern.length;
  if (isOpen ? path.length < fixed : path.length !== fixed) return false;
  for (let at = 0; at < fixed; at += 1) {
    const segment = pattern[at];
    if (segment?.startsWith(":") === true ? path[at] === "" : segment !== path[at]) return false;
  }
  return true;
}
