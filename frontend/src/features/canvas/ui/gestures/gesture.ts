/** Cancel the current gesture: a wire that is drawn, cards that are dragged. */
import { useViewState } from "@/features/graph/store/viewState";

let givenUp = false;

/** Whether the current gesture ends because it was cancelled: it then changes nothing. */
export const isGivenUp = (): boolean => givenUp;

/** End the current gesture as if the button were released, without its effect; returns false if there is none. */
export function giveUp(): boolean {
  const { drawing, dragged } = useViewState.getState();
  if (!drawing && dragged.size === 0) return false;
  givenUp = true;
  document.dispatchEvent(new MouseEvent("mouseup", { bubbles: true, view: window }));
  givenUp = false;
  return true;
}
