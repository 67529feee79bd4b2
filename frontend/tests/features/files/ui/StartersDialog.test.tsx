import { screen } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { StartersDialog } from "@/features/files/ui/StartersDialog";
import { useGraph } from "@/features/graph/store/graph";
import { graphOf } from "../../../helpers/graphs";
import { renderPart } from "../../../helpers/render";
import { server, startServerDouble, toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();
const starter = (id: string, name: string) => ({
  id,
  name,
  description: `What ${name} does.`,
  task: "Digits from pixels",
  nodes: 17,
  parameters: 61_706,
});
const lenet = graphOf({ conv: "Linear" });
let closed = 0;

beforeEach(() => {
  closed = 0;
  freshPage(graphOf({}));
  server.use(
    http.get("/api/starters", () =>
      HttpResponse.json([starter("lenet5", "LeNet-5"), starter("unet", "U-Net")]),
    ),
    http.post("/api/starters/lenet5", () =>
      HttpResponse.json(
        {
          id: "g9",
          name: "LeNet-5",
          version: 1,
          revision: 0,
          graph: lenet,
          draft: null,
          damaged: [],
          created: 0,
          updated: 0,
        },
        { status: 201 },
      ),
    ),
  );
});

const show = () => renderPart(<StartersDialog onClose={() => closed++} />);

test("a click makes a graph of a starter and opens it", async () => {
  const { user } = show();
  await user.click(await screen.findByRole("button", { name: /LeNet-5.*17 nodes · 61.7 ?k parameters/i }));
  await expect.poll(() => closed).toBe(1);
  expect(useGraph.getState()).toMatchObject({ graphId: "g9", graph: lenet });
});

test("they can be searched", async () => {
  const { user } = show();
  await screen.findByText("U-Net");
  await user.type(screen.getByRole("searchbox"), "lenet");
  expect(screen.queryByText("U-Net")).toBeNull();
  await user.type(screen.getByRole("searchbox"), " nothing");
  expect(screen.getByText("No starter found")).toBeVisible();
});

test("a starter that cannot be opened is reported, and the gallery stays", async () => {
  server.use(
    http.post("/api/starters/unet", () =>
      HttpResponse.json(
        { error: { code: "disk_full", message: "The disk is full.", hint: "" } },
        { status: 507 },
      ),
    ),
  );
  const { user } = show();
  await user.click(await screen.findByRole("button", { name: /U-Net/ }));
  await expect.poll(toasts).not.toEqual([]);
  expect(toasts().join()).toContain("The disk is full.");
  expect(closed).toBe(0);
});

test("a server that does not answer can be asked again", async () => {
  server.use(http.get("/api/starters", () => HttpResponse.error()));
  const { user } = show();
  const again = await screen.findByRole("button", { name: "Retry" });
  server.use(http.get("/api/starters", () => HttpResponse.json([starter("lenet5", "LeNet-5")])));
  await user.click(again);
  expect(await screen.findByText("LeNet-5")).toBeVisible();
});
