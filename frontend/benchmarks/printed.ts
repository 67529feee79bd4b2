import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter";

/** Prints what a benchmark prints, and nothing else but its errors. */
// biome-ignore lint/style/noDefaultExport: Playwright loads a reporter by it
export default class Printed implements Reporter {
  onStdOut(text: string | Buffer): void {
    process.stdout.write(text);
  }

  onTestEnd(_test: TestCase, result: TestResult): void {
    for (const error of result.errors) process.stderr.write(`${error.stack ?? error.message}\n`);
  }

  onError(error: { message?: string }): void {
    process.stderr.write(`${error.message}\n`);
  }

  onEnd(_result: FullResult): void {}
}
