import { PanelLeftClose } from "lucide-react";
import { command } from "@/features/commands/store/commands";
import { afterCanvas } from "@/shared/store/afterCanvas";
import { type LeftTab, openLeft, useUi } from "@/shared/store/ui";
import { IconButton } from "@/shared/ui/IconButton";
import { lazyNamed } from "@/shared/ui/lazyNamed";
import { type TabItem, TabPanel, Tabs } from "@/shared/ui/Tabs";

const GraphsPanel = lazyNamed(
  () => afterCanvas(() => import("@/features/files/ui/GraphsPanel")),
  "GraphsPanel",
);

const DatasetsPanel = lazyNamed(
  () => afterCanvas(() => import("@/features/datasets/ui/DatasetsPanel")),
  "DatasetsPanel",
);
const OutlinePanel = lazyNamed(
  () => afterCanvas(() => import("@/features/outline/ui/OutlinePanel")),
  "OutlinePanel",
);
const Palette = lazyNamed(() => afterCanvas(() => import("@/features/palette/ui/Palette")), "Palette");

const TABS: TabItem<LeftTab>[] = [
  { value: "nodes", label: "Nodes" },
  { value: "outline", label: "Outline" },
  { value: "graphs", label: "Graphs" },
  { value: "datasets", label: "Datasets" },
];

export function LeftPanel() {
  const tab = useUi((state) => state.leftTab);
  const fold = command("leftPanel");
  return (
    <Tabs
      value={tab}
      onChange={openLeft}
      items={TABS}
      label="Library"
      actions={
        <IconButton size="sm" label={fold.title} keys={fold.keys} onClick={() => fold.run()}>
          <PanelLeftClose />
        </IconButton>
      }
    >
      <TabPanel value="nodes">
        <Palette />
      </TabPanel>
      <TabPanel value="outline">
        <OutlinePanel />
      </TabPanel>
      <TabPanel value="graphs">
        <GraphsPanel />
      </TabPanel>
      <TabPanel value="datasets">
        <DatasetsPanel />
      </TabPanel>
    </Tabs>
  );
}
