import { FileDown } from "lucide-react";
import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { useUpload } from "@/features/datasets/store/useUpload";
import { dropSentences } from "@/features/files/model/fileKinds";
import { openFiles } from "@/features/files/store/files";

const hasFiles = (event: DragEvent): boolean => event.dataTransfer.types.includes("Files");

/** Accepts files dropped anywhere on the page: graphs and images with graphs are opened, tables are uploaded. */
export function FileDrop({ children }: { children: ReactNode }) {
  /** The types of the files over the page; null if there are none. */
  const [over, setOver] = useState<string[] | null>(null);
  // Enter and leave also fire for each element inside; the page is left when they balance.
  const depth = useRef(0);
  const upload = useUpload();

  const track = (step: 1 | -1) => (event: DragEvent) => {
    if (!hasFiles(event)) return;
    depth.current += step;
    const files = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    if (depth.current <= 0) setOver(null);
    else if (step === 1) setOver(files.map((item) => item.type));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keyboard users have the upload and import buttons
    <div
      className="h-full"
      role="presentation"
      onDragEnter={track(1)}
      onDragLeave={track(-1)}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDrop={(event) => {
        depth.current = 0;
        setOver(null);
        if (event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        void openFiles([...event.dataTransfer.files], upload);
      }}
    >
      {children}
      {over && <Overlay types={over} />}
    </div>
  );
}

function Overlay({ types }: { types: string[] }) {
  const known = dropSentences(types);
  const sentences = known.length > 0 ? known : ["Drop to open a graph or upload a table"];
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-2 z-50 flex flex-col items-center justify-center gap-3 rounded-lg border-2 border-accent border-dashed bg-accent-soft/90"
    >
      <FileDown aria-hidden className="size-7 text-accent" />
      <ul className="text-center font-medium text-lg">
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <p className="max-w-md text-center text-muted">
        Graphs are .json files, or .png and .svg images that VisDL exported. Tables are .csv, .tsv or .txt.
        The open graph stays unchanged.
      </p>
    </div>
  );
}
