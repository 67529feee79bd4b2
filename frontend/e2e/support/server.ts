/** Servers for the tests: the page as it is served to users, on ports and a data folder of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../../..");

/** The first of the ports in use; other ones where somebody else's tests run on the same machine. */
const WEB_PORT = Number(process.env.E2E_WEB_PORT ?? 15173);
const API_PORT = Number(process.env.E2E_API_PORT ?? 18000);

const START_MS = 120_000;
const END_MS = 20_000;
const POLL_MS = 50;

type Settings = Record<string, string>;

/** Where one server of a test worker listens, and the empty folder that it stores in. */
export class Place {
  readonly web: number;
  readonly api: number;
  readonly folder: string;

  /** Each worker has two places: `0` for the server of all its tests, `1` for one that a test starts itself. */
  constructor(worker: number, which: 0 | 1) {
    this.web = WEB_PORT + 2 * worker + which;
    this.api = API_PORT + 2 * worker + which;
    this.folder = path.join(ROOT, "frontend/.e2e-data", String(this.api));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    mkdirSync(this.folder, { recursive: true });
  }

  get url(): string {
    return `http://localhost:${this.web}`;
  }

  /** Starts a program with these ports and this folder in its environment; its output is in `output.log`. */
  spawn(command: string, args: string[], cwd = ROOT, settings: Settings = {}): ChildProcess {
    const log = openSync(path.join(this.folder, "output.log"), "a");
    const env = {
      ...process.env,
      ...settings,
      VISDL_DATA_DIR: path.join(this.folder, "data"),
      VISDL_PORT: String(this.api),
      VISDL_WEB_PORT: String(this.web),
    };
    return spawn(command, args, { cwd, env, stdio: ["ignore", log, log] });
  }

  /** Starts API and page, and waits until both answer. */
  async serve(settings: Settings = {}): Promise<ChildProcess> {
    const server = this.spawn(".venv/bin/python", ["scripts/serve.py", "run"], ROOT, settings);
    const deadline = Date.now() + START_MS;
    while (!(await this.answers())) {
      if (server.exitCode !== null || Date.now() > deadline) {
        await end(server);
        throw new Error(`The server did not start:\n${readFileSync(`${this.folder}/output.log`, "utf8")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return server;
  }

  /** Whether the API answers through the page's proxy. */
  answers(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.web}/api/health`).then(
      (response) => response.ok,
      () => false,
    );
  }
}

/** Ends a program as Ctrl C does, and waits until it has gone; one that does not go is killed. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const killing = setTimeout(() => child.kill("SIGKILL"), END_MS);
  await gone;
  clearTimeout(killing);
}
