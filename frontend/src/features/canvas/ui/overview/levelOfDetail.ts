import { useStore } from "@xyflow/react";
import { createContext, useContext } from "react";

/** From this size on, only the visible part is drawn. */
export const LARGE = 150;
const TITLES_ONLY = 0.4;

/** Whether a large graph is in overview: cards and wires are then little more than outlines. */
export const OverviewContext = createContext(false);

export const useIsOverview = (): boolean => useContext(OverviewContext);

/** Whether the zoom is so low that only titles are readable. */
export const useTitlesOnly = (): boolean => useStore((state) => state.transform[2] < TITLES_ONLY);
