import { type ComponentType, Suspense, useEffect } from "react";
import { loadTheirs, saveCopy } from "@/features/graph/store/documents";
import { afterCanvas } from "@/shared/store/afterCanvas";
import { type DialogName, openDialog, useUi } from "@/shared/store/ui";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { lazyNamed } from "@/shared/ui/lazyNamed";

const palette = () => import("./CommandPalette");
const findBar = () => import("@/features/canvas/ui/FindBar");
const connect = () => import("@/features/canvas/ui/ConnectDialog");

/** Dialogs that come with their own code when they are opened. */
const LAZY: Partial<Record<DialogName, ComponentType<{ onClose: () => void }>>> = {
  commands: lazyNamed(palette, "CommandPalette"),
  connect: lazyNamed(connect, "ConnectDialog"),
  help: lazyNamed(() => import("./Shortcuts"), "Shortcuts"),
  makeBlock: lazyNamed(() => import("@/features/blocks/ui/MakeBlockDialog"), "MakeBlockDialog"),
  starters: lazyNamed(() => import("@/features/files/ui/StartersDialog"), "StartersDialog"),
  study: lazyNamed(() => import("@/features/studies/ui/define/StudyDialog"), "StudyDialog"),
  storage: lazyNamed(() => import("@/features/storage/ui/StorageDialog"), "StorageDialog"),
  saveVersion: lazyNamed(() => import("@/features/versions/ui/SaveVersionDialog"), "SaveVersionDialog"),
  versions: lazyNamed(() => import("@/features/versions/ui/VersionsDialog"), "VersionsDialog"),
};

/** Anyone who opens these by a key types at once, so they are fetched beforehand. */
function prefetchDialogs(): void {
  void afterCanvas(() => Promise.all([palette(), connect(), findBar()]));
}

const close = (): void => openDialog(null);

/** The dialogs that belong to the whole page; at most one is open. */
export function Dialogs() {
  useEffect(prefetchDialogs, []);
  const dialog = useUi((state) => state.dialog);
  const Lazy = dialog && LAZY[dialog];
  if (Lazy) {
    return (
      <Suspense fallback={null}>
        <Lazy onClose={close} />
      </Suspense>
    );
  }
  if (dialog === "conflict") return <Conflict />;
  return null;
}

function Conflict() {
  const choose = (action: () => Promise<void>) => () => {
    close();
    void action();
  };
  return (
    <Dialog
      open
      onOpenChange={close}
      title="This graph was changed elsewhere"
      description="Another tab or browser has changed it since you opened it here. Nothing was overwritten; choose which one to continue with."
      footer={
        <>
          <Button onClick={choose(loadTheirs)}>Load theirs</Button>
          <Button variant="primary" onClick={choose(() => saveCopy())}>
            Keep mine as a copy
          </Button>
        </>
      }
    />
  );
}
