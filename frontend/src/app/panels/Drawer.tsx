import { ChevronDown, ChevronUp } from "lucide-react";
import { useGraph } from "@/features/graph/store/graph";
import { afterCanvas } from "@/shared/store/afterCanvas";
import { type DrawerTab, openDrawer, toggleDrawer, useUi } from "@/shared/store/ui";
import { Badge } from "@/shared/ui/Badge";
import { IconButton } from "@/shared/ui/IconButton";
import { lazyNamed } from "@/shared/ui/lazyNamed";
import { type TabItem, TabPanel, Tabs } from "@/shared/ui/Tabs";

// The canvas shows before any of them; the charts are the heaviest part of the page.
const LogsPanel = lazyNamed(() => afterCanvas(() => import("@/features/runs/ui/LogsPanel")), "LogsPanel");
const ProblemsPanel = lazyNamed(
  () => afterCanvas(() => import("@/features/graph/ui/ProblemsPanel")),
  "ProblemsPanel",
);
const TrainingPanel = lazyNamed(
  () => afterCanvas(() => import("@/features/runs/ui/training/TrainingPanel")),
  "TrainingPanel",
);
const RunsPanel = lazyNamed(() => afterCanvas(() => import("@/features/runs/ui/RunsPanel")), "RunsPanel");
const StudiesPanel = lazyNamed(
  () => afterCanvas(() => import("@/features/studies/ui/StudiesPanel")),
  "StudiesPanel",
);

export function Drawer() {
  const tab = useUi((state) => state.drawerTab);
  const open = useUi((state) => state.drawerOpen);
  const problems = useGraph(
    (state) => state.report?.diagnostics.filter((d) => d.severity !== "info").length ?? 0,
  );
  const errors = useGraph(
    (state) => state.report?.diagnostics.filter((d) => d.severity === "error").length ?? 0,
  );

  const tabs: TabItem<DrawerTab>[] = [
    { value: "training", label: "Training" },
    { value: "runs", label: "Runs" },
    { value: "studies", label: "Studies" },
    {
      value: "problems",
      label: "Problems",
      // The same count as the chip in the top bar shows.
      mark: problems > 0 && <Badge tone={errors ? "danger" : "warning"}>{errors || problems}</Badge>,
    },
    { value: "logs", label: "Logs" },
  ];
  return (
    <section aria-label="Training and runs" className="h-full bg-panel">
      <Tabs
        value={tab}
        onChange={openDrawer}
        onTabClick={openDrawer}
        items={tabs}
        label="Training and runs"
        actions={
          <IconButton
            size="sm"
            label={open ? "Collapse the drawer" : "Open the drawer"}
            side="top"
            onClick={() => toggleDrawer()}
          >
            {open ? <ChevronDown /> : <ChevronUp />}
          </IconButton>
        }
      >
        <TabPanel value="training">{open && <TrainingPanel />}</TabPanel>
        <TabPanel value="runs">{open && <RunsPanel />}</TabPanel>
        <TabPanel value="studies">{open && <StudiesPanel />}</TabPanel>
        <TabPanel value="problems">{open && <ProblemsPanel />}</TabPanel>
        <TabPanel value="logs">{open && <LogsPanel />}</TabPanel>
      </Tabs>
    </section>
  );
}
