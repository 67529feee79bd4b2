/** The browser's storage, for convenience only: where it is full or forbidden, nothing is kept and nothing fails. */

function attempt<Value>(action: () => Value, otherwise: Value): Value {
  try {
    return action();
  } catch {
    return otherwise;
  }
}

export const tolerantStorage = {
  getItem: (key: string): string | null => attempt(() => localStorage.getItem(key), null),
  setItem: (key: string, text: string): void => attempt(() => localStorage.setItem(key, text), undefined),
  removeItem: (key: string): void => attempt(() => localStorage.removeItem(key), undefined),
};
