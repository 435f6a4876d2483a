import { type Html, html, nothing } from "./escape.ts";

export interface Column {
  readonly title: string;
  readonly isNumber: boolean;
  /** Whether it takes a whole line on a phone. */
  readonly isWide?: boolean;
}

export interface Row {
  /** The row's header, in the first column. */
  readonly header: Html;
  /** One a further column. */
  readonly cells: readonly (Html | string)[];
  readonly look?: "rest" | "total";
}

/**
 * A table that becomes a list of small blocks on a phone. Roles are written out, because a browser forgets that it is a table as soon as
 * its parts are displayed in another way.
 */
export function table(caption: string, header: string, columns: readonly Column[], rows: readonly Row[]): Html {
  const titles = columns.map(
    ({ title, isNumber }) => html`<th scope="col" role="columnheader"${isNumber ? numberClass : nothing}>${title}</th>`,
  );
  return html`<table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${header}</th>${titles}</tr></thead>
<tbody role="rowgroup">
${rows.map((row) => tableRow(row, columns))}</tbody>
</table>
`;
}

const numberClass: Html = { html: ' class="number"' };

function tableRow({ header, cells, look }: Row, columns: readonly Column[]): Html {
  const rest = cells.map((cell, index) => {
    const { title = "", isNumber = false, isWide = false } = columns[index] ?? {};
    const names = [isNumber ? "number" : "", isWide ? "wide" : ""].filter((name) => name !== "").join(" ");
    return html`<td role="cell" class="${names}" data-label="${title}">${cell}</td>`;
  });
  return html`<tr role="row" class="${look ?? ""}"><th scope="row" role="rowheader">${header}</th>${rest}</tr>
`;
}
