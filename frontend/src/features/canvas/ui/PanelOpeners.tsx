import { PanelLeftOpen, PanelRightOpen } from "lucide-react";
import { toggleSide, useUi } from "@/shared/store/ui";
import { IconButton } from "@/shared/ui/IconButton";

const PLACE = "absolute top-2 z-10 border bg-panel";

/** Buttons that open folded side panels. */
export function PanelOpeners() {
  const left = useUi((state) => state.leftOpen);
  const right = useUi((state) => state.rightOpen);
  return (
    <>
      {!left && (
        <IconButton
          label="Show the library"
          keys="["
          side="right"
          className={`${PLACE} left-2`}
          onClick={() => toggleSide("left")}
        >
          <PanelLeftOpen />
        </IconButton>
      )}
      {!right && (
        <IconButton
          label="Show the properties"
          keys="]"
          side="left"
          className={`${PLACE} right-2`}
          onClick={() => toggleSide("right")}
        >
          <PanelRightOpen />
        </IconButton>
      )}
    </>
  );
}
