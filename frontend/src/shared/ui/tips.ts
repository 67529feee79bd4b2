import type { ReactNode } from "react";
import { create } from "zustand";

export type Side = "top" | "right" | "bottom" | "left";

/** The text of a tooltip, and where it stands. */
export interface Tip {
  content: ReactNode;
  keys?: string | undefined;
  side: Side;
}

interface OpenTip extends Tip {
  /** The `Tooltip` that it belongs to. */
  owner: string;
  element: Element;
}

/** The page has at most one tooltip. */
export const useTip = create<{ open: OpenTip | null }>(() => ({ open: null }));

const DELAY_MS = 400;
/** Shortly after one has closed the next opens at once. */
const SKIP_DELAY_MS = 200;

let pending: { owner: string; timer: number } | null = null;
/** Closed by a click: it stays closed until the pointer has left. */
let dismissed = "";
let closedAt = Number.NEGATIVE_INFINITY;

function forget(): void {
  if (pending) window.clearTimeout(pending.timer);
  pending = null;
}

/** Opens at once, as when the keyboard has moved the focus to its element. */
export function showTip(tip: OpenTip): void {
  forget();
  useTip.setState({ open: tip });
}

/** The pointer is over the element of a tooltip: it opens after a while. */
export function pointAt(tip: OpenTip): void {
  const { owner } = tip;
  if (dismissed === owner || pending?.owner === owner || useTip.getState().open?.owner === owner) return;
  forget();
  const delay = performance.now() - closedAt < SKIP_DELAY_MS ? 0 : DELAY_MS;
  pending = { owner, timer: window.setTimeout(() => showTip(tip), delay) };
}

/** The pointer or the focus has left its element, or that has left the page. */
export function leaveTip(owner: string): void {
  if (dismissed === owner) dismissed = "";
  close(owner);
}

/** Its element was used. */
export function dismissTip(owner: string): void {
  dismissed = owner;
  close(owner);
}

function close(owner: string): void {
  if (pending?.owner === owner) forget();
  if (useTip.getState().open?.owner !== owner) return;
  closedAt = performance.now();
  useTip.setState({ open: null });
}

/** Its element was drawn again: what is open shows what holds now. */
export function refreshTip(owner: string, tip: Tip): void {
  const { open } = useTip.getState();
  if (open?.owner !== owner) return;
  if (open.content === tip.content && open.keys === tip.keys && open.side === tip.side) return;
  useTip.setState({ open: { ...open, ...tip } });
}
