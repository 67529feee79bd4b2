import { lazy, Suspense, useEffect, useRef } from "react";
import type { PanelImperativeHandle } from "react-resizable-panels";
import { Canvas } from "@/components/canvas/Canvas";
import { FileDrop } from "@/components/graphs/FileDrop";
import { Banner } from "@/components/shell/Banner";
import { CrashBoundary } from "@/components/shell/CrashBoundary";
import { Dialogs } from "@/components/shell/Dialogs";
import { Drawer } from "@/components/shell/Drawer";
import { LeftPanel } from "@/components/shell/LeftPanel";
import { SignIn } from "@/components/shell/SignIn";
import { StatusBar } from "@/components/status/StatusBar";
import { TopBar } from "@/components/topbar/TopBar";
import { Divider, Panel, PanelGroup, SidePanel } from "@/components/ui/Panels";
import { TooltipProvider } from "@/components/ui/Tooltip";
import { useClipboardKeys } from "@/hooks/useClipboardKeys";
import { useCommandKeys } from "@/hooks/useCommandKeys";
import { useDocument } from "@/hooks/useDocument";
import { useLive } from "@/hooks/useLive";
import { useValidation } from "@/hooks/useValidation";
import { afterCanvas } from "@/lib/afterCanvas";
import { isSafeMode } from "@/lib/safeMode";
import { useGraph } from "@/store/graph";
import { applyScale, factorOf, followSystemTheme, rememberSize, useUi } from "@/store/ui";

const GapsBanner = lazy(async () => ({
  default: (await afterCanvas(() => import("@/components/shell/GapsBanner"))).GapsBanner,
}));
const Inspector = lazy(async () => ({
  default: (await afterCanvas(() => import("@/components/inspector/Inspector"))).Inspector,
}));
const SafeMode = lazy(async () => ({ default: (await import("@/components/shell/SafeMode")).SafeMode }));
const Toasts = lazy(async () => ({
  default: (await afterCanvas(() => import("@/components/shell/Toasts"))).Toasts,
}));

export function App() {
  useDocument();
  useLive();
  useValidation();
  useCommandKeys();
  useClipboardKeys();
  useEffect(followSystemTheme, []);
  useEffect(applyScale, []);
  return (
    <TooltipProvider delayDuration={400} skipDelayDuration={200} disableHoverableContent>
      <FileDrop>
        <div className="flex h-full flex-col">
          <TopBar />
          <Banner />
          <Suspense fallback={null}>
            <GapsBanner />
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
    </TooltipProvider>
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

  /** What the user drags is remembered; sizes that follow from opening and folding are not news. */
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
            <Canvas />
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
