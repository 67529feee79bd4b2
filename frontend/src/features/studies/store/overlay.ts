import { create } from "zustand";

/** The study whose findings the canvas shows; null for none. Apart from all else of studies, which comes with its own code. */
export const useOverlay = create<{ study: string | null }>()(() => ({ study: null }));
