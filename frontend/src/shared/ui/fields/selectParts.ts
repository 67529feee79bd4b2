export interface Option {
  value: string;
  label: string;
  /** A second line, or figures, in muted text. */
  detail?: string;
}

export interface SelectProps {
  value: string;
  onChange: (value: string) => void;
  options: Option[];
  placeholder?: string;
  label?: string;
  id?: string;
  invalid?: boolean;
  describedBy?: string;
  className?: string;
}

export const SELECT_TRIGGER =
  "flex h-7 w-full min-w-0 items-center justify-between gap-1 rounded-md border bg-panel px-2 text-left hover:border-line-strong aria-invalid:border-danger data-[placeholder]:text-muted";
