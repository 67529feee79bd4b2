import {
  cloneElement,
  type FocusEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  type SyntheticEvent,
  useEffect,
  useId,
  useLayoutEffect,
} from "react";
import { FloatingTip } from "./FloatingTip";
import { Kbd } from "./Kbd";
import { dismissTip, leaveTip, pointAt, refreshTip, type Side, showTip, useTip } from "./tips";

interface TooltipProps {
  content: ReactNode;
  keys?: string | undefined;
  side?: Side;
  children: ReactElement;
}

type Handlers = Record<string, ((event: never) => void) | undefined>;

/** Calls the child's own handlers first. */
function withOwn(child: ReactElement, handlers: Handlers): Handlers {
  const own = child.props as Handlers;
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [
      name,
      (event: never) => {
        own[name]?.(event);
        handler?.(event);
      },
    ]),
  );
}

/**
 * A hint for an element; it adds to the element's own name and never replaces it. Only the open one is drawn, by
 * `TipLayer`: a page has hundreds of them.
 */
export function Tooltip({ content, keys, side = "bottom", children }: TooltipProps) {
  const owner = useId();
  const tip = { content, keys, side };
  useLayoutEffect(() => refreshTip(owner, tip));
  useEffect(() => () => leaveTip(owner), [owner]);
  const at = ({ currentTarget }: SyntheticEvent<Element>) => ({ ...tip, owner, element: currentTarget });
  return cloneElement(
    children,
    withOwn(children, {
      onPointerMove: (event: PointerEvent) => event.pointerType !== "touch" && pointAt(at(event)),
      onPointerLeave: () => leaveTip(owner),
      onPointerDown: () => dismissTip(owner),
      onClick: () => dismissTip(owner),
      onFocus: (event: FocusEvent) => event.currentTarget.matches(":focus-visible") && showTip(at(event)),
      onBlur: () => leaveTip(owner),
    }),
  );
}

/** The tooltip that is open. */
export function TipLayer() {
  const open = useTip((state) => state.open);
  const id = useId();
  const { owner, element } = open ?? {};
  useEffect(() => {
    if (!owner || !element) return;
    const before = element.getAttribute("aria-describedby");
    element.setAttribute("aria-describedby", before ? `${before} ${id}` : id);
    const onScroll = ({ target }: Event): void => {
      if (target instanceof Node && target.contains(element)) dismissTip(owner);
    };
    const onKeyDown = ({ key }: KeyboardEvent): void => {
      if (key === "Escape") dismissTip(owner);
    };
    window.addEventListener("scroll", onScroll, { capture: true });
    window.addEventListener("keydown", onKeyDown, { capture: true });
    return () => {
      window.removeEventListener("scroll", onScroll, { capture: true });
      window.removeEventListener("keydown", onKeyDown, { capture: true });
      if (before) element.setAttribute("aria-describedby", before);
      else element.removeAttribute("aria-describedby");
    };
  }, [owner, element, id]);
  if (!open) return null;
  return (
    <FloatingTip
      key={open.owner}
      id={id}
      anchor={open.element}
      placement={open.side}
      className="flex max-w-72 items-center gap-2 bg-raised text-text"
    >
      <span>{open.content}</span>
      {open.keys && <Kbd keys={open.keys} />}
    </FloatingTip>
  );
}
