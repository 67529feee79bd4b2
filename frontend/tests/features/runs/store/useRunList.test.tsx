import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clearRunFilter, filterRuns } from "@/features/runs/store/runList";
import { put } from "@/features/runs/store/runs";
import { useRunIds, useRunList } from "@/features/runs/store/useRunList";
import { RunServer } from "../../../helpers/runServer";
import { server, startServerDouble } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();

let world: RunServer;
const lists = (): number => world.requests.filter((request) => request === "GET /api/runs").length;

function render<Result>(hook: () => Result) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  return renderHook(hook, { wrapper }).result;
}

beforeEach(() => {
  world = new RunServer();
  server.use(...world.handlers);
  freshPage();
  clearRunFilter();
  for (let index = 0; index < 250; index++) world.add(`r${index}`, { starred: index < 3 });
});
afterEach(() => vi.useRealTimers());

test("only the pages in sight are brought", async () => {
  const list = render(() => ({ ...useRunList(), idAt: useRunIds(205, 230) }));
  await vi.waitFor(() => expect(list.current.idAt(210)).toBe("r39"));
  expect(list.current.total).toBe(250);
  expect(list.current.first[0]).toBe("r249");
  expect(list.current.idAt(110)).toBeUndefined();
  expect(lists()).toBe(2);
});

test("what was found stays until the answer to another filter is here", async () => {
  const list = render(useRunList);
  await vi.waitFor(() => expect(list.current.total).toBe(250));
  act(() => filterRuns({ starred: true }));
  expect(list.current.total).toBe(250);
  await vi.waitFor(() => expect(list.current.first).toEqual(["r2", "r1", "r0"]));
});

test("hundreds of runs that change their states ask for the list once a second", async () => {
  const list = render(useRunList);
  await vi.waitFor(() => expect(list.current.total).toBe(250));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const before = lists();
  for (let time = 0; time < 3000; time += 10) {
    act(() => put(world.add(`sweep${time}`)));
    await act(() => vi.advanceTimersByTimeAsync(10));
  }
  await act(() => vi.advanceTimersByTimeAsync(2000));
  vi.useRealTimers();
  await vi.waitFor(() => expect(list.current.first[0]).toBe("sweep2990"));
  expect(list.current.total).toBe(550);
  expect(lists() - before).toBeLessThanOrEqual(5);
});
