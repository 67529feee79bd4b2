/** Gives up what the pointer is in the middle of: a wire that is drawn, cards that are dragged. */
import { useViewState } from "@/features/graph/store/viewState";

let givenUp = false;

/** True while a gesture ends because it was given up: it changes nothing then. */
export const isGivenUp = (): boolean => givenUp;

/** Ends the gesture under way, as if the button were let go, without what that would do; false where there is none. */
export function giveUp(): boolean {
  const { drawing, dragged } = useViewState.getState();
  if (!drawing && dragged.size === 0) return false;
  givenUp = true;
  document.dispatchEvent(new MouseEvent("mouseup", { bubbles: true, view: window }));
  givenUp = false;
  return true;
}
