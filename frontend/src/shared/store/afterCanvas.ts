/** What the canvas does not need is fetched after it is drawn: on a slow line the graph appears first. */
let isShown: () => void = () => undefined;
const shown = new Promise<void>((resolve) => {
  isShown = resolve;
});

/** Called when the initial document is drawn, or cannot be. */
export function canvasIsShown(): void {
  isShown();
}

export async function afterCanvas<Module>(fetch: () => Promise<Module>): Promise<Module> {
  await shown;
  return fetch();
}
