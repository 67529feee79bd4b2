import { PanelLeftClose } from "lucide-react";
import { DatasetsPanel } from "@/components/datasets/DatasetsPanel";
import { GraphsPanel } from "@/components/graphs/GraphsPanel";
import { Palette } from "@/components/palette/Palette";
import { IconButton } from "@/components/ui/IconButton";
import { type TabItem, TabPanel, Tabs } from "@/components/ui/Tabs";
import { command } from "@/store/commands";
import { type LeftTab, openLeft, useUi } from "@/store/ui";

const TABS: TabItem<LeftTab>[] = [
  { value: "nodes", label: "Nodes" },
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
      <TabPanel value="graphs">
        <GraphsPanel />
      </TabPanel>
      <TabPanel value="datasets">
        <DatasetsPanel />
      </TabPanel>
    </Tabs>
  );
}
