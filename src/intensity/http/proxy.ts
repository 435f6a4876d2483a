import { CarbonOpsError } from "../../errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a host after HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY (either case, the lower one first), as curl reads
 * them: NO_PROXY holds hosts and domains, separated by commas, or `*`. HTTP_PROXY in capitals is not read, since a web server
 * sets it from a request's header (httpoxy, CVE-2016-5385). Throws CONFIG_INVALID for what is no http or https address.
 */
export function proxyFor(url: URL, environment: Environment): URL | null {
  const read = (name: string): string => environment[name.toLowerCase()] || environment[name] || "";
  const direct = url.protocol === "https:" ? read("HTTPS_PROXY") : (environment["http_proxy"] ?? "");
  const address = direct === "" ? read("ALL_PROXY") : direct;
  if (address === "" || isExcepted(url, read("NO_PROXY"))) return null;
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(address) ? address : `http://${address}`;
  const proxy = URL.canParse(text) ? new URL(text) : null;
  if (proxy !== null && (proxy.protocol === "http:" || proxy.protocol === "https:")) return proxy;
  throw new CarbonOpsError(
    "CONFIG_INVALID",
    "The proxy named in the environment (HTTPS_PROXY, ALL_PROXY) is no http:// or https:// address; correct or clear it.",
  );
}

function isExcepted({ hostname, port }: URL, exceptions: string): boolean {
  return exceptions
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "")
    .some((entry) => {
      const host = hostname.replace(/^\[|\]$/g, "");
      const domain = entry.replace(/^\*?\./, "");
      return entry === "*" || host === domain || host.endsWith(`.${domain}`) || `${hostname}:${port}` === entry;
    });
}
