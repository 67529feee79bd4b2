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

/** The content of the data folder, and what of it can be deleted. */
export function StorageDialog({ onClose }: { onClose: () => void }) {
  const [cleaning, setCleaning] = useState(FIRST);
  const [stage, setStage] = useState<"selecting" | "confirming" | "cleaning">("selecting");
  const { report, plan, error, retry, clean } = useStorage(cleaning.days);
  const start = async (): Promise<void> => {
    setStage("cleaning");
    await clean(cleaning);
    setStage("selecting");
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
            cleaning={cleaning}
            stage={stage}
            onAsk={() => setStage("confirming")}
            onCancel={() => setStage("selecting")}
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
            cleaning={cleaning}
            onChange={(next) => {
              setCleaning(next);
              setStage("selecting");
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
  cleaning: Cleaning;
  stage: "selecting" | "confirming" | "cleaning";
  onAsk: () => void;
  onCancel: () => void;
  onClean: () => void;
  onClose: () => void;
}

function Footer({ plan, cleaning, stage, onAsk, onCancel, onClean, onClose }: FooterProps) {
  const freed = formatBytes(freedBytes(plan, cleaning));
  if (stage === "confirming") {
    return (
      <>
        <p role="alert" className="mr-auto self-center">
          {confirmation(plan, cleaning)}
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
  const nothing = freedBytes(plan, cleaning) === 0;
  return (
    <>
      <Button onClick={onClose}>Close</Button>
      <Button variant="primary" disabled={nothing || stage === "cleaning"} onClick={onAsk}>
        {stage === "cleaning" ? "Cleaning up…" : nothing ? "Nothing to free" : `Free ${freed}…`}
      </Button>
    </>
  );
}
