import { Suspense, useEffect, useRef } from "react";
import type { PanelImperativeHandle } from "react-resizable-panels";
import { Banner } from "@/app/banners/Banner";
import { CrashBoundary } from "@/app/crash/CrashBoundary";
import { Dialogs } from "@/app/dialogs/Dialogs";
import { SignIn } from "@/app/dialogs/SignIn";
import { useClipboardKeys } from "@/app/keys/useClipboardKeys";
import { useCommandKeys } from "@/app/keys/useCommandKeys";
import { Drawer } from "@/app/panels/Drawer";
import { LeftPanel } from "@/app/panels/LeftPanel";
import { StatusBar } from "@/app/statusbar/StatusBar";
import { TopBar } from "@/app/topbar/TopBar";
import { useLive } from "@/app/useLive";
import { Canvas } from "@/features/canvas/ui/Canvas";
import { InlineParamsContext } from "@/features/canvas/ui/cards/inlineParams";
import { FileDrop } from "@/features/files/ui/FileDrop";
import { useGraph } from "@/features/graph/store/graph";
import { useDocument } from "@/features/graph/store/useDocument";
import { useValidation } from "@/features/graph/store/useValidation";
import { InlineParams } from "@/features/inspector/ui/params/InlineParams";
import { isSafeMode } from "@/shared/lib/safeMode";
import { afterCanvas } from "@/shared/store/afterCanvas";
import { applyScale, factorOf, followSystemTheme, rememberSize, useUi } from "@/shared/store/ui";
import { lazyNamed } from "@/shared/ui/lazyNamed";
import { Divider, Panel, PanelGroup, SidePanel } from "@/shared/ui/Panels";
import { TipLayer } from "@/shared/ui/Tooltip";

const UnsupportedBanner = lazyNamed(
  () => afterCanvas(() => import("@/app/banners/UnsupportedBanner")),
  "UnsupportedBanner",
);
const Inspector = lazyNamed(
  () => afterCanvas(() => import("@/features/inspector/ui/Inspector")),
  "Inspector",
);
const SafeMode = lazyNamed(() => import("@/app/crash/SafeMode"), "SafeMode");
const Toasts = lazyNamed(() => afterCanvas(() => import("@/app/panels/Toasts")), "Toasts");

export function App() {
  useDocument();
  useLive();
  useValidation();
  useCommandKeys();
  useClipboardKeys();
  useEffect(followSystemTheme, []);
  useEffect(applyScale, []);
  return (
    <>
      <FileDrop>
        <div className="flex h-full flex-col">
          <TopBar />
          <Banner />
          <Suspense fallback={null}>
            <UnsupportedBanner />
          </Suspense>
          <main className="flex min-h-0 grow flex-col">
            <h1 className="sr-only">VisDL</h1>
            <Workspace />
          </main>
          <StatusBar />
        </div>
      </FileDrop>
      <Dialogs />
      <SignIn />
      <Suspense fallback={null}>
        <Toasts />
      </Suspense>
      <TipLayer />
    </>
  );
}

/** Height of the drawer when only its tabs show. */
const TABS_HEIGHT = 36;

function Workspace() {
  const drawer = useRef<PanelImperativeHandle>(null);
  const open = useUi((state) => state.drawerOpen);
  const height = useRef(useUi.getState().drawerHeight);
  useEffect(() => {
    if (open) drawer.current?.resize(height.current);
    else drawer.current?.collapse();
  }, [open]);

  /** Remember what the user drags, not the sizes that result from opening and collapsing. */
  const onLayoutChanged = (_layout: unknown, { isUserInteraction }: { isUserInteraction: boolean }): void => {
    if (!isUserInteraction || !drawer.current) return;
    const pixels = Math.round(drawer.current.getSize().inPixels);
    const drawerOpen = pixels > TABS_HEIGHT + 1;
    if (drawerOpen) height.current = pixels;
    useUi.setState({ drawerOpen, drawerHeight: height.current });
  };
  return (
    <PanelGroup orientation="vertical" className="min-h-0 grow" onLayoutChanged={onLayoutChanged}>
      <Panel id="workbench" minSize={160}>
        <Workbench />
      </Panel>
      <Divider orientation="horizontal" />
      <Panel
        id="drawer"
        panelRef={drawer}
        collapsible
        collapsedSize={TABS_HEIGHT}
        minSize={140}
        defaultSize={open ? height.current : TABS_HEIGHT}
        groupResizeBehavior="preserve-pixel-size"
      >
        <Drawer />
      </Panel>
    </PanelGroup>
  );
}

function Workbench() {
  const left = useUi((state) => state.leftOpen);
  const right = useUi((state) => state.rightOpen);
  const scale = useUi(factorOf);
  const { leftWidth, rightWidth } = useUi.getState();
  const graphId = useGraph((state) => state.graphId);
  return (
    <PanelGroup orientation="horizontal" className="h-full">
      {left && (
        <>
          <SidePanel
            id="left"
            label="Library"
            width={leftWidth}
            scale={scale}
            onWidth={(leftWidth) => rememberSize({ leftWidth })}
          >
            <LeftPanel />
          </SidePanel>
          <Divider />
        </>
      )}
      <Panel id="canvas" minSize={280}>
        {isSafeMode() ? (
          <Suspense fallback={null}>
            <SafeMode />
          </Suspense>
        ) : (
          <CrashBoundary what="the graph" resetKey={graphId}>
            <InlineParamsContext value={InlineParams}>
              <Canvas />
            </InlineParamsContext>
          </CrashBoundary>
        )}
      </Panel>
      {right && (
        <>
          <Divider />
          <SidePanel
            id="right"
            label="Properties"
            width={rightWidth}
            scale={scale}
            onWidth={(rightWidth) => rememberSize({ rightWidth })}
          >
            <Suspense fallback={null}>
              <Inspector />
            </Suspense>
          </SidePanel>
        </>
      )}
    </PanelGroup>
  );
}
