import { FileDown } from "lucide-react";
import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { toast } from "sonner";
import { useUpload } from "@/hooks/useUpload";
import { importGraph } from "@/store/files";
import { openLeft } from "@/store/ui";

/** Takes files dropped anywhere on the page: a graph is opened, a table is uploaded. */
export function FileDrop({ children }: { children: ReactNode }) {
  const [over, setOver] = useState(false);
  // Enter and leave also fire for each element inside; the page is left when they balance.
  const depth = useRef(0);
  const upload = useUpload();

  const take = async (file: File): Promise<void> => {
    if (/\.json$/i.test(file.name)) return importGraph(file);
    if (/\.(csv|tsv|txt)$/i.test(file.name)) {
      openLeft("datasets");
      const dataset = await upload(file);
      if (dataset)
        toast.success(`Uploaded ${dataset.name}: ${dataset.rows} rows, ${dataset.columns.length} columns.`);
      return;
    }
    toast.error(`${file.name} is neither a graph (.json) nor a table (.csv).`);
  };
  const track = (step: 1 | -1) => (event: DragEvent) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    depth.current += step;
    setOver(depth.current > 0);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keyboard's way is the upload and import buttons
    <div
      className="h-full"
      role="presentation"
      onDragEnter={track(1)}
      onDragLeave={track(-1)}
      onDragOver={(event) => event.dataTransfer.types.includes("Files") && event.preventDefault()}
      onDrop={(event) => {
        depth.current = 0;
        setOver(false);
        if (event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        for (const file of event.dataTransfer.files) void take(file);
      }}
    >
      {children}
      {over && (
        <div className="pointer-events-none fixed inset-2 z-50 flex items-center justify-center rounded-lg border-2 border-accent border-dashed bg-accent-soft/85">
          <p className="flex items-center gap-2 font-medium text-lg">
            <FileDown aria-hidden className="size-5" /> Drop a graph (.json) to open it, or a table (.csv) to
            upload it
          </p>
        </div>
      )}
    </div>
  );
}
