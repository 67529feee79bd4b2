/** The items of menus, with their icons: loaded after the canvas, which shows first. */
import type { Group, Position } from "@/shared/api/types";
import { afterCanvas } from "@/shared/store/afterCanvas";
import type { MenuItem } from "@/shared/ui/Menu";

type Items = typeof import("./menuItems");

let items: Items | null = null;

export async function fetchMenus(): Promise<void> {
  items = await afterCanvas(() => import("./menuItems"));
}

export const nodeItems = (id: string): MenuItem[] => items?.nodeItems(id) ?? [];
export const noteItems = (id: string): MenuItem[] => items?.noteItems(id) ?? [];
export const groupItems = (group: Group): MenuItem[] => items?.groupItems(group) ?? [];
export const wireItems = (id: string, at: Position): MenuItem[] => items?.wireItems(id, at) ?? [];
export const runItems = (): MenuItem[] => items?.runItems() ?? [];
export const canvasItems = (at: Position): MenuItem[] => items?.canvasItems(at) ?? [];
