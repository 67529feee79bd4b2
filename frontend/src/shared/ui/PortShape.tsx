import { LOADER_OUTLINE, OUTLINES, RING } from "@/shared/lib/portShapes";
import { type WireFamily, wireFamily } from "@/shared/lib/wires";

/** The shape of a port, so that types can be distinguished without colour. */
export function PortShape({ dtype, size = 12 }: { dtype: string; size?: number }) {
  const family = wireFamily(dtype);
  return (
    <svg
      aria-hidden="true"
      viewBox="-6 -6 12 12"
      width={size}
      height={size}
      className="pointer-events-none overflow-visible"
      style={{ color: `var(--wire-${family})` }}
    >
      <Outline family={family} />
    </svg>
  );
}

function Outline({ family }: { family: WireFamily }) {
  if (family === "result")
    return <circle r={RING.radius} fill="var(--panel)" stroke="currentColor" strokeWidth={RING.width} />;
  if (family === "loader") return <path d={LOADER_OUTLINE} fill="currentColor" />;
  return (
    <path
      d={OUTLINES[family]}
      fill="currentColor"
      stroke="var(--panel)"
      strokeWidth="1"
      paintOrder="stroke"
    />
  );
}
