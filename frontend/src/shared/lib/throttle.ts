export interface Throttled {
  (): void;
  /** Cancels a call that is still to come. */
  cancel: () => void;
}

/** Calls at once, then at most once per interval (ms); calls in between become one, at its end. */
export function throttle(action: () => void, milliseconds: number): Throttled {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = false;
  const call = (): void => {
    due = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (due) call();
    }, milliseconds);
    action();
  };
  const throttled = (): void => {
    if (timer === undefined) call();
    else due = true;
  };
  return Object.assign(throttled, {
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
      due = false;
    },
  });
}
