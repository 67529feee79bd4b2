import { useEffect, useRef } from "react";
import type { PanelImperativeHandle } from "react-resizable-panels";
import { Toaster } from "sonner";
import { Canvas } from "@/components/canvas/Canvas";
import { FileDrop } from "@/components/graphs/FileDrop";
import { Inspector } from "@/components/inspector/Inspector";
import { Banner } from "@/components/shell/Banner";
import { Dialogs } from "@/components/shell/Dialogs";
import { Drawer } from "@/components/shell/Drawer";
import { LeftPanel } from "@/components/shell/LeftPanel";
import { SignIn } from "@/components/shell/SignIn";
import { StatusBar } from "@/components/status/StatusBar";
import { TopBar } from "@/components/topbar/TopBar";
import { Divider, Panel, PanelGroup, SidePanel } from "@/components/ui/Panels";
import { TooltipProvider } from "@/components/ui/Tooltip";
import { useCommandKeys } from "@/hooks/useCommandKeys";
import { useDocument } from "@/hooks/useDocument";
import { useLive } from "@/hooks/useLive";
import { useValidation } from "@/hooks/useValidation";
import { followSystemTheme, isDark, rememberSize, useUi } from "@/store/ui";

export function App() {
  const dark = useUi((state) => isDark(state.theme));
  useDocument();
  useLive();
  useValidation();
  useCommandKeys();
  useEffect(followSystemTheme, []);
  return (
    <TooltipProvider delayDuration={400} skipDelayDuration={200} disableHoverableContent>
      <FileDrop>
        <div className="flex h-full flex-col">
          <TopBar />
          <Banner />
          <main className="flex min-h-0 grow flex-col">
            <h1 className="sr-only">VisDL</h1>
            <Workspace />
          </main>
          <StatusBar />
        </div>
      </FileDrop>
      <Dialogs />
      <SignIn />
      <Toaster theme={dark ? "dark" : "light"} position="bottom-right" closeButton />
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
  const { leftWidth, rightWidth } = useUi.getState();
  return (
    <PanelGroup orientation="horizontal" className="h-full">
      {left && (
        <>
          <SidePanel
            id="left"
            label="Library"
            width={leftWidth}
            onWidth={(leftWidth) => rememberSize({ leftWidth })}
          >
            <LeftPanel />
          </SidePanel>
          <Divider />
        </>
      )}
      <Panel id="canvas" minSize={280}>
        <Canvas />
      </Panel>
      {right && (
        <>
          <Divider />
          <SidePanel
            id="right"
            label="Properties"
            width={rightWidth}
            onWidth={(rightWidth) => rememberSize({ rightWidth })}
          >
            <Inspector />
          </SidePanel>
        </>
      )}
    </PanelGroup>
  );
}
