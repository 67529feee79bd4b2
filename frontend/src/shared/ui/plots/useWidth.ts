import { type RefCallback, useCallback, useState } from "react";

/** A ref, and the width in pixels of its element; 0 until it is drawn. */
export function useWidth<Kind extends HTMLElement>(): [ref: RefCallback<Kind>, width: number] {
  const [width, setWidth] = useState(0);
  const ref = useCallback((element: Kind | null) => {
    if (!element) return;
    setWidth(element.clientWidth || element.offsetWidth);
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
