import { HardDrive } from "lucide-react";
import { useState } from "react";
import { type Cleaning, confirmation, freedBytes } from "@/features/storage/model/storage";
import { useStorage } from "@/features/storage/store/useStorage";
import type { CleanReport } from "@/shared/api/types";
import { formatBytes } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { EmptyState } from "@/shared/ui/EmptyState";
import { CleanChoices } from "./CleanChoices";
import { LargestRuns } from "./LargestRuns";
import { UsageBar } from "./UsageBar";

const FIRST: Cleaning = { checkpoints: false, days: 30, leftovers: true, database: true };

/** What lies in the data folder, and what of it can go. */
export function StorageDialog({ onClose }: { onClose: () => void }) {
  const [wanted, setWanted] = useState(FIRST);
  const [stage, setStage] = useState<"choosing" | "asking" | "cleaning">("choosing");
  const { report, plan, error, retry, clean } = useStorage(wanted.days);
  const start = async (): Promise<void> => {
    setStage("cleaning");
    await clean(wanted);
    setStage("choosing");
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Storage and clean-up"
      description={report && <span className="block truncate font-mono text-xs">{report.folder}</span>}
      size="large"
      footer={
        report &&
        plan && (
          <Footer
            plan={plan}
            wanted={wanted}
            stage={stage}
            onAsk={() => setStage("asking")}
            onCancel={() => setStage("choosing")}
            onClean={() => void start()}
            onClose={onClose}
          />
        )
      }
    >
      {report && plan ? (
        <div className="flex flex-col gap-5 pb-1">
          <UsageBar report={report} />
          <LargestRuns runs={report.runs} />
          <CleanChoices
            plan={plan}
            wanted={wanted}
            onChange={(next) => {
              setWanted(next);
              setStage("choosing");
            }}
            keepDays={report.keep_checkpoint_days}
          />
        </div>
      ) : error ? (
        <EmptyState
          icon={<HardDrive />}
          title="The data folder could not be measured"
          action={<Button onClick={retry}>Measure again</Button>}
        >
          {error.message}
        </EmptyState>
      ) : (
        <p role="status" className="py-10 text-center text-muted">
          Measuring the data folder…
        </p>
      )}
    </Dialog>
  );
}

interface FooterProps {
  plan: CleanReport;
  wanted: Cleaning;
  stage: "choosing" | "asking" | "cleaning";
  onAsk: () => void;
  onCancel: () => void;
  onClean: () => void;
  onClose: () => void;
}

function Footer({ plan, wanted, stage, onAsk, onCancel, onClean, onClose }: FooterProps) {
  const freed = formatBytes(freedBytes(plan, wanted));
  if (stage === "asking") {
    return (
      <>
        <p role="alert" className="mr-auto self-center">
          {confirmation(plan, wanted)}
        </p>
        <Button autoFocus onClick={onCancel}>
          Cancel
        </Button>
        <Button variant="danger" onClick={onClean}>
          Free {freed}
        </Button>
      </>
    );
  }
  const nothing = freedBytes(plan, wanted) === 0;
  return (
    <>
      <Button onClick={onClose}>Close</Button>
      <Button variant="primary" disabled={nothing || stage === "cleaning"} onClick={onAsk}>
        {stage === "cleaning" ? "Cleaning up…" : nothing ? "Nothing to free" : `Free ${freed}…`}
      </Button>
    </>
  );
}
