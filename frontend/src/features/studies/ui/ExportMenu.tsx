import { ClipboardCopy, Download, FileText } from "lucide-react";
import { copyTable, copyText } from "@/features/studies/store/studies";
import { type ExportFormat, exportUrl } from "@/shared/api/studies";
import type { Study, StudyResults } from "@/shared/api/types";
import { Button } from "@/shared/ui/Button";
import { Menu, type MenuItem } from "@/shared/ui/Menu";

const FILES: [label: string, format: ExportFormat][] = [
  ["LaTeX table", "latex"],
  ["Markdown table", "markdown"],
  ["CSV, one row per run and metric", "csv"],
  ["Parquet, the same rows", "parquet"],
  ["Forest plot as SVG", "svg"],
  ["Forest plot as PDF", "pdf"],
  ["study.json, to repeat it", "json"],
];

/** Export a study: as a file, or to the clipboard. */
export function ExportMenu({ study, results }: { study: Study; results: StudyResults | undefined }) {
  const items: MenuItem[] = [
    ...FILES.map(([label, format]) => ({
      label,
      icon: <Download />,
      onSelect: () => download(exportUrl(study.id, format)),
    })),
    {
      label: "Copy as LaTeX",
      icon: <ClipboardCopy />,
      separated: true,
      onSelect: () => void copyTable(study.id, "latex"),
    },
    {
      label: "Copy as Markdown",
      icon: <ClipboardCopy />,
      onSelect: () => void copyTable(study.id, "markdown"),
    },
    {
      label: "Copy methods paragraph",
      icon: <FileText />,
      disabled: !results?.methods,
      onSelect: () => void copyText(results?.methods ?? "", "Copied the methods paragraph."),
    },
  ];
  return (
    <Menu align="end" items={items}>
      <Button size="sm">
        <Download aria-hidden className="size-3.5" /> Export
      </Button>
    </Menu>
  );
}

/** The server names the file. */
function download(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}
