import { create } from "zustand";

/** The study whose effects the canvas shows; null for none. Separate from the rest of studies, which is a lazy chunk. */
export const useOverlay = create<{ study: string | null }>()(() => ({ study: null }));
