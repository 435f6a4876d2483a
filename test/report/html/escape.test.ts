import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { html, nameHtml, shortened } from "../../../src/report/html/escape.ts";

test("a text is escaped, HTML is not escaped twice", () => {
  const inner = html`<b>${"a & b"}</b>`;
  expect(html`<p title="${'"'}">${inner}${"<"}${3}</p>`.html).toBe('<p title="&quot;"><b>a &amp; b</b>&lt;3</p>');
});

test("no text opens a tag, ends an attribute, steers or turns what stands behind it", () => {
  assert(
    property(string({ unit: "binary" }), (text) => {
      expect(html`${text}`.html.replaceAll("\n", "")).not.toMatch(/[<>"'\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test("a long name is cut between characters, and keeps its direction to itself", () => {
  const family = "👩‍👩‍👧‍👦";
  expect(shortened(family.repeat(100))).toMatch(new RegExp(`^(${family})+…$`, "u"));
  expect(nameHtml("שלום").html).toBe("<bdi>שלום</bdi>");
});
