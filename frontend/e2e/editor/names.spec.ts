/** Names that users choose are text on every screen: no script runs, no element is made of them, no layout breaks. */
import type { APIRequestContext, Page } from "@playwright/test";
import { card, expect, openGraph, test } from "../support/page";

const SCRIPT = "window.__ran=1";
const MEMBERS = ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty"];
const PAYLOADS = [
  ...["img src=x onerror", "svg onload", "body onload", "video src=x onerror", "details open ontoggle"].map(
    (start) => `<${start}=${SCRIPT}>`,
  ),
  ...[
    "'",
    '"',
    "</title>",
    "</textarea>",
    "</style>",
    "-->",
    "]]>",
    "`",
    "</text></svg>",
    "\\",
    "${",
    "{{",
  ].flatMap((start) => [
    `${start}<script>${SCRIPT}</script>`,
    `${start} onmouseover=${SCRIPT} autofocus onfocus=${SCRIPT} x=`,
  ]),
  `javascript:${SCRIPT}`,
  `data:text/html,<script>${SCRIPT}</script>`,
  `<a href=javascript:${SCRIPT}>a</a>`,
  `[a](javascript:${SCRIPT})`,
  "![a](/xss-image.png)",
  "<img src=/xss-image.png>",
  "<link rel=stylesheet href=/xss.css>",
  "<style>*{display:none}</style>",
  "@import url(/xss.css)",
  "url(/xss-image.png)",
  `<iframe srcdoc="<script>parent.__ran=1</script>">`,
  "<object data=/xss.swf>",
  "<base href=https://example.org>",
  `<meta http-equiv=refresh content="0;url=/xss">`,
  `<math><mtext><xss-mark>a</xss-mark></mtext></math>`,
  `<svg><xss-mark/></svg>`,
  `\${${SCRIPT}}`,
  `{{constructor.constructor("${SCRIPT}")()}}`,
  "%3Cscript%3E",
  "&lt;script&gt;&#x3C;xss-mark&#x3E;",
  "\u202egnp.exe",
  "a\u0000b\u001b[31m",
  "Z\u0351\u036b\u0343".repeat(20),
  "👩‍🔬😀",
  " ",
  "W".repeat(199),
  "漢".repeat(199),
  ...MEMBERS,
];

/** A graph in which each payload is the name of a node, a note, a group and a block, and each member a type too. */
function hostileGraph(): { name: string; nodes: object[]; edges: unknown[] } {
  const params = Object.fromEntries(MEMBERS.map((name) => [name, name]));
  const nodes = PAYLOADS.map((name, index) => ({
    id: MEMBERS.includes(name) ? name : `n${index}`,
    type: MEMBERS.includes(name) ? name : index % 3 ? "Linear" : name.slice(0, 200),
    name,
    position: { x: (index % 8) * 300, y: Math.floor(index / 8) * 200 },
    params,
  }));
  const blocks = Object.fromEntries(PAYLOADS.map((name) => [name, { name, nodes: [], edges: [] }]));
  const uses = PAYLOADS.slice(0, 8).map((block, index) => ({
    id: `use${index}`,
    type: "Block",
    params: { block },
    position: { x: index * 300, y: 2000 },
  }));
  const more = {
    blocks,
    notes: [{ id: "note", text: PAYLOADS.join("\n"), position: { x: 0, y: 2300 }, width: 600, height: 300 }],
    groups: PAYLOADS.slice(0, 3).map((title, index) => ({ id: `g${index}`, title, nodes: [`n${index}`] })),
  };
  return { name: PAYLOADS[0] ?? "", nodes: [...nodes, ...uses], edges: [], ...more };
}

/** Fails where a payload has become more than text. */
async function expectOnlyText(page: Page, requests: string[]): Promise<void> {
  const found = await page.evaluate(() => ({
    ran: (window as unknown as { __ran?: number }).__ran ?? 0,
    made: document.querySelectorAll(
      "xss-mark, iframe, object, base, #root script, #root style, #root link, [onerror], [onload], [onfocus], [onmouseover], [ontoggle], a[href^='javascript']",
    ).length,
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  }));
  expect(found).toEqual({ ran: 0, made: 0, wide: false });
  expect(requests.filter((url) => /xss|example\.org/.test(url))).toEqual([]);
}

async function upload(request: APIRequestContext, name: string): Promise<void> {
  const head = PAYLOADS.slice(0, 20).map((text) => `"${text.replaceAll('"', '""')}"`);
  const row = PAYLOADS.slice(20, 40).map(
    (text) => `"${text.replaceAll('"', '""').replaceAll("\u0000", "")}"`,
  );
  const csv = [head, row, row].map((cells) => cells.join(",")).join("\r\n");
  const file = { name, mimeType: "text/csv", buffer: Buffer.from(csv) };
  const answer = await request.post("/api/datasets", { multipart: { file } });
  expect(answer.status(), await answer.text()).toBe(201);
}

/** Deletes what the test has stored: other tests of this worker rely on what their lists begin with. */
async function clean(request: APIRequestContext): Promise<void> {
  for (const kind of ["graphs", "datasets"])
    for (const { id, name } of (await (await request.get(`/api/${kind}`)).json()) as {
      id: string;
      name: string;
    }[])
      if (name.startsWith("<img src=x onerror=")) await request.delete(`/api/${kind}/${id}`);
}

test("names are text on the canvas and in the panels, in both themes", async ({ page }, info) => {
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await upload(page.request, `<img src=x onerror=${SCRIPT}>.csv`);
  await openGraph(page, hostileGraph());
  await expectOnlyText(page, requests);
  for (const name of MEMBERS) await expect(card(page, name)).toHaveCount(1);
  await card(page, "constructor").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Name of the node")).toHaveValue("constructor");
  await expectOnlyText(page, requests);
  for (const panel of ["Outline", "Graphs", "Datasets", "Runs", "Studies", "Problems", "Logs"]) {
    await page
      .getByRole("tab", { name: new RegExp(`^${panel}`) })
      .first()
      .click();
    await expectOnlyText(page, requests);
  }
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: info.outputPath(`names-${colorScheme}.png`) });
  }
  await page.goto("about:blank");
  await clean(page.request);
});
