import { Panel, useInternalNode, useStore, ViewportPortal } from "@xyflow/react";
import { X } from "lucide-react";
import type { CSSProperties } from "react";
import { useGraph } from "@/features/graph/store/graph";
import { type Effect, effectsOf, isAbout } from "@/features/studies/model/overlay";
import { aimWords, verdictLook } from "@/features/studies/model/studies";
import { useOverlay } from "@/features/studies/store/overlay";
import { overlayStudy, showStudy } from "@/features/studies/store/studies";
import { useStudies, useStudyResults } from "@/features/studies/store/useStudies";
import { plural } from "@/shared/lib/format";
import { IconButton } from "@/shared/ui/IconButton";
import { useIsRow } from "../cards/useIsRow";
import { useTitlesOnly } from "./levelOfDetail";

/**
 * Tags keep their size down to the first zoom, and omit the interval below the second, where they are as wide
 * as a card.
 */
const [LEAST_ZOOM, SHORT_BELOW] = [0.4, 0.9];

/** How much a tag shows; "none" is for screen readers only. */
type TagSize = "long" | "short" | "none";

/** The results of a study at its nodes: a colour, and a tag with the difference and its interval. */
export function StudyOverlay() {
  const id = useOverlay((state) => state.study);
  const { studies } = useStudies();
  const study = studies.find((one) => one.id === id);
  const results = useStudyResults(id);
  const path = useGraph((state) => state.path);
  const about = useGraph((state) => study !== undefined && isAbout(study, state.graph, state.graphId));
  const zoom = useStore((state) => Math.round(state.transform[2] * 20) / 20);
  const titlesOnly = useTitlesOnly();
  if (!study || !results || !about) return null;
  const tag = titlesOnly ? "none" : zoom < SHORT_BELOW ? "short" : "long";
  const effects = effectsOf(study, results, path);
  return (
    <>
      <ViewportPortal>
        <div style={{ "--zoom": Math.max(LEAST_ZOOM, Math.min(1, zoom)) } as CSSProperties}>
          {effects.map((effect) => (
            <Found key={effect.nodes.join(" ")} effect={effect} tag={tag} />
          ))}
        </div>
      </ViewportPortal>
      <Panel position="top-right" className="!m-2">
        <section
          aria-label="Results on the canvas"
          className="flex max-w-72 items-center gap-2 rounded-lg border bg-panel py-1 pr-1 pl-3 text-sm shadow-card"
        >
          <button
            type="button"
            title="Show the study's table"
            onClick={() => showStudy(study.id)}
            className="min-w-0 text-left hover:text-accent"
          >
            <span className="block truncate font-medium">{study.name}</span>
            <span className="block truncate text-muted text-xs">
              {effects.length > 0
                ? aimWords(study.plan.metric, study.direction)
                : "No variant is about a part."}
            </span>
          </button>
          <IconButton size="sm" label="Hide results" onClick={() => overlayStudy(null)}>
            <X />
          </IconButton>
        </section>
      </Panel>
    </>
  );
}

function Found({ effect, tag }: { effect: Effect; tag: TagSize }) {
  const [first, ...others] = effect.nodes;
  return (
    <>
      {first !== undefined && <Mark node={first} effect={effect} tag={tag} />}
      {others.map((node) => (
        <Mark key={node} node={node} effect={effect} />
      ))}
    </>
  );
}

/** Follow a card; hidden while the card is folded. */
function Mark({ node, effect, tag }: { node: string; effect: Effect; tag?: TagSize }) {
  const isRow = useIsRow(node);
  const card = useInternalNode(node);
  if (!card || card.hidden) return null;
  const { x, y } = card.internals.positionAbsolute;
  const { width = 0, height = 0 } = card.measured;
  const style = {
    transform: `translate(${x}px, ${y}px)`,
    width,
    height,
    "--strength": effect.strength,
  } as CSSProperties;
  return (
    <div className="found" data-tone={effect.tone} data-row={isRow || undefined} style={style}>
      {tag && <Tag effect={effect} size={tag} />}
    </div>
  );
}

function Tag({ effect, size }: { effect: Effect; size: TagSize }) {
  const { row, text, short, description, others } = effect;
  const symbol = verdictLook(row)?.symbol;
  const all = others > 0 ? `${description} ${plural(others, "other variant")} about the same.` : description;
  return (
    <span
      role="note"
      aria-label={all}
      title={all}
      className={size === "none" ? "sr-only" : "found-tag"}
      data-size={size}
    >
      {symbol && <span aria-hidden>{symbol} </span>}
      {size === "long" ? text : short}
      {size === "long" && others > 0 && ` · ${others} more`}
    </span>
  );
}
