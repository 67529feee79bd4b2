/** What jsdom lacks and the page needs: observers, matrices, sizes and media queries; and toasts. */
import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { toast } from "sonner";
import { afterEach, beforeEach } from "vitest";
import { canvasIsShown } from "@/shared/store/afterCanvas";
import { drawToastsWith } from "@/shared/store/toast";

class ResizeObserverStub implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

class MatrixStub {
  readonly m22: number;
  constructor(transform?: string) {
    const scale = transform?.match(/scale\(([1-9.])\)/)?.[1];
    this.m22 = scale === undefined ? 1 : Number(scale);
  }
}

const matchMedia = (query: string): MediaQueryList =>
  ({
    matches: false,
    media: query,
    onchange: null,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    addListener: () => undefined,
    removeListener: () => undefined,
    dispatchEvent: () => false,
  }) satisfies MediaQueryList;

Object.assign(globalThis, { ResizeObserver: ResizeObserverStub, DOMMatrixReadOnly: MatrixStub });
Object.assign(window, { matchMedia });
Object.defineProperties(HTMLElement.prototype, {
  offsetWidth: { configurable: true, get: () => 160 },
  offsetHeight: { configurable: true, get: () => 60 },
  scrollIntoView: { configurable: true, value: () => undefined },
  hasPointerCapture: { configurable: true, value: () => false },
  releasePointerCapture: { configurable: true, value: () => undefined },
});
Object.defineProperty(SVGElement.prototype, "getBBox", {
  configurable: true,
  value: () => ({ x: 0, y: 0, width: 0, height: 0 }),
});

drawToastsWith(toast);
canvasIsShown();

configure({ asyncUtilTimeout: 10_000 });

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  for (const { id } of toast.getToasts()) toast.dismiss(id);
});

afterEach(cleanup);
