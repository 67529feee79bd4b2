/** What is not needed to show the canvas is fetched once it shows: on a slow line the graph is there first. */
let isShown: () => void = () => undefined;
const shown = new Promise<void>((resolve) => {
  isShown = resolve;
});

/** Called when the document that opens with the page is drawn, or cannot be. */
export function canvasIsShown(): void {
  isShown();
}

export async function afterCanvas<Module>(fetch: () => Promise<Module>): Promise<Module> {
  await shown;
  return fetch();
}
