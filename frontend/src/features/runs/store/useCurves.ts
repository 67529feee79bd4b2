import { useEffect, useState } from "react";
import { onCurves } from "./series";

const MS = 250;

/** Renders again after curves have grown, a few times per second: for figures beside the charts. Returns a count. */
export function useCurves(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onCurves(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setCount((before) => before + 1);
      }, MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return count;
}
