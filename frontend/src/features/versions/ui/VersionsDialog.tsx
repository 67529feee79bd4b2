import { History } from "lucide-react";
import { useState } from "react";
import { exportGraph } from "@/features/files/store/files";
import { useGraph } from "@/features/graph/store/graph";
import { type Against, type Choice, pairOf } from "@/features/versions/model/versions";
import { useVersionGraphs, useVersions } from "@/features/versions/store/useVersions";
import { openVersion, restoreVersion } from "@/features/versions/store/versions";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { EmptyState } from "@/shared/ui/EmptyState";
import { VersionList } from "./VersionList";
import { VersionView } from "./VersionView";

/** The versions of the open graph: shown, compared with each other and with the open graph, restored. */
export function VersionsDialog({ onClose }: { onClose: () => void }) {
  const { versions, error, retry, rename } = useVersions();
  const [shown, setShown] = useState<Choice>("present");
  const [against, setAgainst] = useState<Against>("present");
  const present = useGraph((state) => state.graph);
  const numbers = (versions ?? []).map(({ version }) => version);
  const { before, after } = pairOf(shown, against, numbers);
  const asked = [before, after, shown].map((pick) => (pick === "present" ? null : pick));
  const { graphs, error: unread } = useVersionGraphs(asked);
  const [old, now, selected] = [before, after, shown].map((pick, index) =>
    pick === "present" ? present : pick === null ? null : graphs[index],
  );
  const then = (action: () => unknown) => () => {
    onClose();
    action();
  };
  const isVersion = shown !== "present";
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Versions of “${present.name}”`}
      size="wide"
      footer={
        <>
          <Button disabled={!selected} onClick={() => selected && exportGraph(selected)}>
            Export as a file
          </Button>
          <Button
            disabled={!selected || !isVersion}
            onClick={then(() => selected && isVersion && openVersion(selected, shown))}
          >
            Open a copy
          </Button>
          <Button
            variant="primary"
            disabled={!selected || !isVersion}
            onClick={then(() => selected && isVersion && restoreVersion(selected, shown))}
          >
            {isVersion ? `Restore version ${shown}` : "Restore"}
          </Button>
        </>
      }
    >
      <div className="flex h-[68vh] gap-3">
        {versions && versions.length > 0 ? (
          <>
            <VersionList versions={versions} shown={shown} onShow={setShown} onRename={rename} />
            <VersionView
              versions={versions}
              shown={shown}
              against={against}
              onAgainst={setAgainst}
              before={old}
              after={now}
              error={unread}
            />
          </>
        ) : error ? (
          <EmptyState
            icon={<History />}
            title="The versions are not available"
            action={<Button onClick={retry}>Retry</Button>}
          >
            {error.message}
          </EmptyState>
        ) : versions ? (
          <EmptyState icon={<History />} title="No version yet">
            This graph was never stored. Ctrl S saves its first version.
          </EmptyState>
        ) : (
          <p role="status" className="grow py-10 text-center text-muted">
            Loading…
          </p>
        )}
      </div>
    </Dialog>
  );
}
