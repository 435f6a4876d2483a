export interface BrowserPage {
  /** What was thrown in the page and nobody caught. */
  readonly faults: readonly string[];
  /** The value of an expression, once it is settled. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens an address in a browser without a window, offline but for that address, with an empty folder as its profile. */
export function openPage(place: {
  readonly executablePath: string;
  readonly folder: string;
  readonly url: string;
}): Promise<BrowserPage>;
