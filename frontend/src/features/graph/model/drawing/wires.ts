/** The path of a wire in a drawing. */

import { routePath, type WireRoute } from "@/features/graph/model/layout/wireRouting";
import type { Position } from "@/shared/api/types";

/** Length of the straight piece at either end of a backward wire. */
const STUB = 18;
const CORNER = 10;

/** Return a curve to the right that bends before the frame it enters, or a rounded line back to the left. */
export function wirePath(from: Position, to: Position, route: WireRoute | null): string {
  if (route?.ends) return routePath(route.ends, route.bow);
  const end = route?.x ?? to.x;
  if (to.x >= from.x) {
    const reach = Math.max(20, (end - from.x) * 0.4);
    const curve = `M${from.x} ${from.y}C${from.x + reach} ${from.y} ${end - reach} ${to.y} ${end} ${to.y}`;
    return end === to.x ? curve : `${curve}H${to.x}`;
  }
  const between = route?.y ?? Math.max(from.y, to.y) + 3 * STUB;
  return rounded([
    from,
    { x: from.x + STUB, y: from.y },
    { x: from.x + STUB, y: between },
    { x: to.x - STUB, y: between },
    { x: to.x - STUB, y: to.y },
    to,
  ]);
}

/** Return a line through these points with rounded corners. */
function rounded(places: readonly Position[]): string {
  const pieces = places.map((place, index) => {
    const [before, after] = [places[index - 1], places[index + 1]];
    if (!before) return `M${place.x} ${place.y}`;
    if (!after) return `L${place.x} ${place.y}`;
    const [into, out] = [towards(place, before), towards(place, after)];
    return `L${into.x} ${into.y}Q${place.x} ${place.y} ${out.x} ${out.y}`;
  });
  return pieces.join("");
}

/** Return a point one corner radius along the way from one point to another, or halfway. */
function towards(from: Position, to: Position): Position {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const share = length === 0 ? 0 : Math.min(CORNER, length / 2) / length;
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}
