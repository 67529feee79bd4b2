import { type ComponentProps, useEffect, useRef, useState } from "react";
import { type NumberRange, type StepSize, stepped } from "@/shared/lib/numbers";

/** Pixels per step, and pixels until a press becomes a drag. */
const PIXELS = { step: 6, start: 4 } as const;

interface Drag {
  x: number;
  from: number;
  moved: boolean;
}

interface Scrub {
  /** The dragged number; null while nothing is dragged. */
  value: number | null;
  label: ComponentProps<"label">;
}

/** Change a number by dragging its label left and right: one commit, at the end; Escape cancels. */
export function useScrub(from: number | null, range: NumberRange, onCommit: (value: number) => void): Scrub {
  const drag = useRef<Drag | null>(null);
  const dragged = useRef(false);
  const [value, setValue] = useState<number | null>(null);
  const end = (): void => {
    drag.current = null;
    setValue(null);
  };

  const active = value !== null;
  useEffect(() => {
    if (!active) return;
    const giveUp = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      drag.current = null;
      setValue(null);
    };
    window.addEventListener("keydown", giveUp, true);
    return () => window.removeEventListener("keydown", giveUp, true);
  }, [active]);

  const label: ComponentProps<"label"> = {
    onPointerDown: (event) => {
      dragged.current = false;
      if (event.button !== 0 || from === null) return;
      drag.current = { x: event.clientX, from, moved: false };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: ({ clientX, shiftKey, altKey }) => {
      const now = drag.current;
      if (!now || (!now.moved && Math.abs(clientX - now.x) < PIXELS.start)) return;
      now.moved = true;
      dragged.current = true;
      const steps = Math.trunc((clientX - now.x) / PIXELS.step);
      setValue(manySteps(now.from, steps, range, shiftKey ? 10 : altKey ? 0.1 : 1));
    },
    onPointerUp: () => {
      if (drag.current?.moved && value !== null) onCommit(value);
      end();
    },
    onPointerCancel: end,
    // A drag is not a click: the field does not take the focus.
    onClick: (event) => dragged.current && event.preventDefault(),
  };
  return { value, label };
}

function manySteps(from: number, steps: number, range: NumberRange, size: StepSize): number {
  let value = from;
  for (let done = 0; done < Math.abs(steps); done++) value = stepped(value, steps > 0 ? 1 : -1, range, size);
  return value;
}
