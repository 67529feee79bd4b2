import { PanelLeftClose } from "lucide-react";
import { lazy } from "react";
import { IconButton } from "@/components/ui/IconButton";
import { type TabItem, TabPanel, Tabs } from "@/components/ui/Tabs";
import { afterCanvas } from "@/lib/afterCanvas";
import { command } from "@/store/commands";
import { type LeftTab, openLeft, useUi } from "@/store/ui";

const GraphsPanel = lazy(async () => ({
  default: (await afterCanvas(() => import("@/components/graphs/GraphsPanel"))).GraphsPanel,
}));

const DatasetsPanel = lazy(async () => ({
  default: (await afterCanvas(() => import("@/components/datasets/DatasetsPanel"))).DatasetsPanel,
}));
const OutlinePanel = lazy(async () => ({
  default: (await afterCanvas(() => import("@/components/outline/OutlinePanel"))).OutlinePanel,
}));
const Palette = lazy(async () => ({
  default: (await afterCanvas(() => import("@/components/palette/Palette"))).Palette,
}));

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
