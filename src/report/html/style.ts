/** The page's only style sheet. Colours keep a contrast of 4.5 to 1 for text, and 3 to 1 for bars, in light and in dark. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --ground: #f7f6f2; --card: #ffffff; --text: #1b211f; --soft: #515b56; --line: #d5d2c8;
  --grams: #0b6e4f; --energy: #1f5fa8; --share: #8a5a00; --gap: #e4e1d7; --whisker: #1b211f;
  --good: #0b6e4f; --good-ground: #e3f1ea; --caution: #7a4b00; --caution-ground: #fbefd9; --bad: #a3140c; --bad-ground: #fde6e4;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #121617; --card: #1a2022; --text: #e8ebe7; --soft: #aab4af; --line: #39424a;
    --grams: #4fbf95; --energy: #79b0ee; --share: #dba75a; --gap: #2b3235; --whisker: #e8ebe7;
    --good: #6fd6ae; --good-ground: #14302a; --caution: #f0bf6d; --caution-ground: #35290f; --bad: #ff9c94; --bad-ground: #43181a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: auto; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: break-word; }
bdi, dd, pre, h1, h2, .banner { overflow-wrap: anywhere; }
.whole { white-space: nowrap; }
.page { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.4rem 0 .6rem; scroll-margin-top: .5rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .5rem 0; max-width: 46rem; }
.soft { color: var(--soft); }
a { color: var(--energy); }
a:focus-visible, summary:focus-visible, main:focus-visible { outline: 3px solid var(--energy); outline-offset: 2px; border-radius: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -100vw; top: 0; background: var(--card); padding: .5rem 1rem; }
.skip:focus { left: 0; z-index: 1; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .8rem 0 0; padding: 0; }
nav a { display: inline-block; padding: .25rem 0; }
.banner { border-left: .4rem solid; padding: .7rem 1rem; margin: 1.2rem 0; border-radius: .25rem; }
.banner p { margin: .2rem 0; }
.banner strong { font-size: 1.1rem; }
.banner.good { border-color: var(--good); background: var(--good-ground); }
.banner.caution { border-color: var(--caution); background: var(--caution-ground); }
.banner.bad { border: .25rem solid var(--bad); background: var(--bad-ground); padding: 1.2rem 1rem; }
.good strong { color: var(--good); } .caution strong { color: var(--caution); } .bad strong { color: var(--bad); }
.banner.bad strong { font-size: 2rem; line-height: 1.2; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)); gap: 1rem; margin: 1rem 0; padding: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1rem; }
.card h3 { margin: 0; font-size: .95rem; font-weight: 600; color: var(--soft); }
.card .figure { font-size: 2rem; line-height: 1.25; font-weight: 650; margin: .1rem 0; }
.card p { margin: .2rem 0; font-size: .95rem; }
svg { display: block; width: 100%; }
.range { height: .9rem; margin: .3rem 0; }
.range .axis { fill: var(--gap); } .range .band { fill: var(--grams); opacity: .45; } .range .mean { fill: var(--text); }
figure { margin: 1rem 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1rem; }
figcaption { font-weight: 600; margin-bottom: .6rem; }
.plot { display: grid; grid-template-columns: auto 1fr; gap: 0 .6rem; }
.y, .x { font-size: .8rem; color: var(--soft); display: flex; justify-content: space-between; }
.y { flex-direction: column; text-align: right; line-height: 1; }
.x { grid-column: 2; padding-top: .35rem; gap: .5rem; white-space: nowrap; }
.plot svg { height: 11rem; border-bottom: 1px solid var(--soft); border-top: 1px solid var(--line); }
.grams { fill: var(--grams); } .energy { fill: var(--energy); } .share { fill: var(--share); } .gap { fill: var(--gap); }
.whisker { stroke: var(--whisker); stroke-width: 1.5px; vector-effect: non-scaling-stroke; }
.half { stroke: var(--line); stroke-width: 1px; vector-effect: non-scaling-stroke; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .85rem; color: var(--soft); margin: .6rem 0 0; }
.legend svg { width: .9rem; height: .9rem; display: inline-block; vertical-align: -.1rem; margin-right: .35rem; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .9rem; padding: .3rem 0; }
th, td { text-align: left; padding: .4rem .7rem; vertical-align: top; border-top: 1px solid var(--line); }
thead th { font-size: .85rem; color: var(--soft); border-top: 0; vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 11rem; }
.number { text-align: right; white-space: nowrap; }
.rest th { color: var(--soft); font-weight: 400; font-style: italic; }
.total th, .total td { font-weight: 650; border-top: 2px solid var(--soft); }
.bar { height: .45rem; margin-top: .25rem; max-width: 22rem; }
.bar .track { fill: var(--gap); }
details { margin: .8rem 0; }
summary { cursor: pointer; padding: .3rem 0; color: var(--energy); }
dl { display: grid; grid-template-columns: minmax(7rem, auto) 1fr; gap: .35rem 1.2rem; margin: .8rem 0; }
dt { color: var(--soft); } dd { margin: 0; min-width: 0; }
pre { white-space: pre-wrap; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .8rem; font-size: .8rem; margin: .5rem 0; }
ul { padding-left: 1.2rem; margin: .5rem 0; } main li { margin: .25rem 0; max-width: 46rem; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .9rem; color: var(--soft); }
@media screen and (max-width: 40rem) {
  h1 { font-size: 1.4rem; }
  .plot svg { height: 8.5rem; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody { display: block; }
  .x .middle { display: none; }
  tr { display: grid; grid-template-columns: 1fr 1.5fr .8fr; gap: .1rem .6rem; padding: .6rem .8rem; border-top: 1px solid var(--line); }
  tbody tr:first-child { border-top: 0; }
  th, td { display: block; padding: 0; border: 0; }
  tbody th { grid-column: 1 / -1; min-width: 0; padding-bottom: .2rem; }
  .total th, .total td { border-top: 0; }
  caption { display: block; padding: .3rem .8rem; }
  .number, td { text-align: left; white-space: normal; }
  td { font-size: .95rem; }
  td::before { content: attr(data-label); display: block; font-size: .75rem; color: var(--soft); font-weight: 400; }
  td.wide { grid-column: 1 / -1; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; }
}
@media print {
  @page { margin: 14mm; }
  html { font-size: 10pt; }
  body { background: #fff; }
  .page { max-width: none; padding: 0; }
  nav, .skip { display: none; }
  h2, h3, figcaption { break-after: avoid; }
  figure, .card, tr, .banner { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  summary { list-style: none; color: var(--soft); }
  svg * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;
