import { createHash } from "node:crypto";
import { formatSignificant } from "../../units.ts";
import type { LedgerReport } from "../ledger-report.ts";
import { breakdownTitle, qualityTexts, rangeText, shareText } from "../report-words.ts";
import { explanation, verdict, verificationRows } from "../verification-words.ts";
import { shareBar } from "./charts.ts";
import { type Html, html, nameHtml, nothing, sentenceHtml, shortened } from "./escape.ts";
import { breakdownSection, timeSection, totalsSection } from "./figures.ts";
import { styleSheet } from "./style.ts";
import { table } from "./table.ts";

/**
 * A report as one HTML file that needs nothing else: no script, no network. Its policy (CSP) admits nothing but its own style sheet, so
 * that a name which got past the escaping could still do nothing.
 */
export function reportHtml(report: LedgerReport): string {
  const title = shortened(report.title);
  const sections = [
    totalsSection(report),
    timeSection(report),
    ...report.breakdowns.map((breakdown, index) => breakdownSection(breakdown, index, report)),
    uncertaintySection(report),
    qualitySection(report),
    equivalentsSection(report),
    verificationSection(report),
    methodSection(report),
  ];
  const head = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="carbon-ops">
<link rel="icon" href="data:,">
<title>${title}</title>
`;
  const body = html`</head>
<body>
<a class="skip" href="#content">Skip to the figures</a>
<div class="page">
<header>
<h1>${nameHtml(report.title)}</h1>
<p class="soft">Ledger ${nameHtml(report.path)}; report made at ${report.madeAt}.${filtersText(report)}</p>
<nav aria-label="Contents"><ul>${contents(report).map(([id, text]) => html`<li><a href="#${id}">${text}</a></li>`)}</ul></nav>
</header>
<main id="content" tabindex="-1">
${banner(report)}
${sections}
</main>
<footer><p>Made by carbon-ops from the ledger alone. Whoever has the ledger and its author's key can check it: <code>carbon-ops ledger verify</code>.</p></footer>
</div>
</body>
</html>
`;
  return `${head.html}<style>${styleSheet}</style>\n${body.html}`;
}

function policy(): string {
  const styleHash = createHash("sha256").update(styleSheet).digest("base64");
  return `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; base-uri 'none'; form-action 'none'`;
}

function filtersText({ filters }: LedgerReport): string {
  return filters.length === 0 ? "" : ` Only records: ${filters.map(shortened).join(", ")}.`;
}

function contents(report: LedgerReport): readonly (readonly [id: string, text: string])[] {
  const { total, time, breakdowns, uncertainty, equivalents } = report;
  return [
    ["totals", "Totals"],
    ...(time === null || total === null ? [] : [["time", "Over time"] as const]),
    ...(total === null
      ? []
      : breakdowns.map((breakdown, index) => [`by-${index}`, shortened(breakdownTitle(breakdown))] as const)),
    ...(uncertainty.length === 0 ? [] : [["uncertainty", "Uncertainty"] as const]),
    ...(hasQuality(report) ? [["quality", "Data quality"] as const] : []),
    ...(equivalents.length === 0 ? [] : [["equivalents", "In everyday terms"] as const]),
    ["verification", "Verification"],
    ...(total === null ? [] : [["method", "How it was computed"] as const]),
  ];
}

/** What a reader must know before the first figure. */
function banner({ verification, leftOut }: LedgerReport): Html {
  const word = verdict(verification);
  const isGood = word === "Valid" && leftOut.unusableCount === 0;
  const look = verification.valid ? (isGood ? "good" : "caution") : "bad";
  const only = verification.valid
    ? nothing
    : html`<p>Do not rely on this ledger. The figures below are of the lines that hold, and of nothing behind them.</p>`;
  const unusable =
    leftOut.unusableCount === 0
      ? nothing
      : html`<p>Estimates that are in no figure, for not being what a record can be: ${leftOut.unusableCount}. See data quality.</p>`;
  return html`<section class="banner ${look}" aria-label="Verdict"><p><strong>${word}</strong></p><p>${sentenceHtml(explanation(verification))}</p>${only}${unusable}</section>`;
}

function uncertaintySection({ uncertainty }: LedgerReport): Html {
  const [largest] = uncertainty;
  if (largest === undefined) return nothing;
  return html`<section id="uncertainty"><h2>What dominates the uncertainty</h2>
<p>${capital(largest.quantity)} makes up ${shareText(largest.shareOfVariance)} of the variance of the total. Knowing that better narrows the interval most.</p>
${table(
  "Shares of the variance of the total's grams",
  "source of error",
  [
    { title: "share", isNumber: true },
    { title: "the same over", isNumber: false },
    { title: "separate errors", isNumber: true },
    { title: "where its size comes from", isNumber: false, isWide: true },
  ],
  uncertainty.map(({ quantity, shareOfVariance, scope, sourceCount, citation }) => ({
    header: html`${quantity}${shareBar(shareOfVariance, "share")}`,
    cells: [
      shareText(shareOfVariance),
      shortened(scope),
      sourceCount === 0 ? "one a record" : String(sourceCount),
      citation ?? "-",
    ],
  })),
)}</section>`;
}

function hasQuality(report: LedgerReport): boolean {
  return qualityTexts(report).length > 0 || report.quality.notes.length > 0 || report.otherLabelNames.length > 0;
}

function qualitySection(report: LedgerReport): Html {
  if (!hasQuality(report)) return nothing;
  const { notes } = report.quality;
  const details =
    notes.length === 0
      ? nothing
      : html`<h3>What the records say themselves</h3><p class="soft">In how many records; where only numbers differ, one stands for all.</p><ul>${notes.map(({ value, count }) => html`<li>${value} <span class="soft">(${count})</span></li>`)}</ul>`;
  const labels = report.otherLabelNames.map(shortened);
  const others =
    labels.length === 0 ? nothing : html`<p>Labels without a table, on fewer records: ${labels.join(", ")}.</p>`;
  return html`<section id="quality"><h2>Data quality and coverage</h2><ul>${qualityTexts(report).map((text) => html`<li>${text}</li>`)}</ul>${others}${details}</section>`;
}

function equivalentsSection({ equivalents, total, kind }: LedgerReport): Html {
  if (equivalents.length === 0) {
    if ((total?.[kind]?.grams ?? 0) <= 0) return nothing;
    return html`<section id="equivalents"><h2>In everyday terms</h2><p>Not said: the interval covers more than a factor of 3, so such a number would say more than is known.</p></section>`;
  }
  return html`<section id="equivalents"><h2>In everyday terms</h2>
${table(
  "About as much CO2e as one of these",
  "what",
  [
    { title: "quantity", isNumber: true },
    { title: "grams each", isNumber: true },
    { title: "source", isNumber: false, isWide: true },
  ],
  equivalents.map(({ unit, quantity, gramsEach, source }) => ({
    header: html`${unit}`,
    cells: [formatSignificant(quantity, 2), formatSignificant(gramsEach), source],
  })),
)}</section>`;
}

function verificationSection({ verification }: LedgerReport): Html {
  const { newestCheckpoint, unsignedLines } = verification;
  const rows = verificationRows(verification).map(
    ([name, text]) => html`<dt>${name}</dt><dd>${sentenceHtml(text)}</dd>`,
  );
  const checkpoint =
    newestCheckpoint === null
      ? html`<p>No checkpoint can be shown that a trusted key vouches for.</p>`
      : html`<h3>Newest checkpoint that holds</h3><p class="soft">Keep it: a ledger that was cut or rewritten no longer fits it. Its second line is the number of lines that it covers.</p><pre>${newestCheckpoint}</pre>`;
  const state =
    unsignedLines === 0
      ? nothing
      : html`<p>Lines without a signature that a trusted key vouches for: ${unsignedLines}.</p>`;
  return html`<section id="verification"><h2>Verification</h2><p>${verdict(verification)}. ${sentenceHtml(explanation(verification))}</p>${state}<dl>${rows}</dl>${checkpoint}</section>`;
}

function methodSection({ method, total }: LedgerReport): Html {
  if (total === null) return nothing;
  const counted = (values: readonly { readonly value: string; readonly count: number }[]): string =>
    values.map(({ value, count }) => `${value} (${count})`).join(", ");
  const unlisted =
    method.unlistedCount === 0
      ? nothing
      : html`<p>Uses of further factors that are not listed: ${method.unlistedCount}.</p>`;
  return html`<section id="method"><h2>How it was computed</h2>
<p>Grams = energy × wall factor × PUE × grid intensity, period by period, and the hardware's part where it is declared. Totals add the errors that records share (the same counter, building or grid) fully and others in quadrature; the interval is that of a lognormal with the total's mean and standard uncertainty. Times in how many figures stand in brackets.</p>
<dl><dt>method</dt><dd>${counted(method.methods)}</dd><dt>version of the arithmetic</dt><dd>${counted(method.conversionVersions)}</dd></dl>
<h3>Grid intensities</h3>
${table(
  "Where the grams per kilowatt-hour come from",
  "zone",
  [
    { title: "g/kWh", isNumber: true },
    { title: "what", isNumber: false },
    { title: "period", isNumber: false },
    { title: "figures", isNumber: true },
    { title: "source and licence", isNumber: false, isWide: true },
  ],
  method.intensities.map(({ value, count }) => ({
    header: html`${nameHtml(value.zone)} <span class="soft">${shortened(value.zoneName)}</span>`,
    cells: [
      rangeText(value.lowest, value.highest, "1"),
      `${value.kind}, ${value.scope}`,
      shortened(value.period),
      String(count),
      `${value.source} (${value.licence}${value.providerVersion === "" ? "" : `; ${value.providerVersion}`})`,
    ],
  })),
)}
<h3>Factors</h3>
${table(
  "Further factors, and where they come from",
  "factor",
  [
    { title: "value", isNumber: true },
    { title: "figures", isNumber: true },
    { title: "citation", isNumber: false, isWide: true },
  ],
  method.factors.map(({ value, count }) => ({
    header: html`${shortened(value.quantity)}`,
    cells: [rangeText(value.lowest, value.highest, value.unit), String(count), value.citation],
  })),
)}${unlisted}</section>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
