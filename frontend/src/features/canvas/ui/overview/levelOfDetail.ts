import { useStore } from "@xyflow/react";
import { createContext, useContext } from "react";

/** From this size on only what is seen is drawn. */
export const LARGE = 150;
const TITLES_ONLY = 0.4;

/** Whether a large graph is seen from afar: cards and wires are then drawn as little more than their outlines. */
export const OverviewContext = createContext(false);

export const useIsOverview = (): boolean => useContext(OverviewContext);

/** Whether the view is so far away that only titles can be read. */
export const useTitlesOnly = (): boolean => useStore((state) => state.transform[2] < TITLES_ONLY);
