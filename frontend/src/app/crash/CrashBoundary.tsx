import { Component, type ReactNode } from "react";
import { CrashNote } from "./CrashNote";

interface CrashBoundaryProps {
  /** What it contains, within a sentence: "the graph". */
  what: string;
  /** Another value tries again, such as another document. */
  resetKey?: unknown;
  children: ReactNode;
}

interface CrashState {
  error: Error | null;
  resetKey: unknown;
}

/** Contains a crash of its children: the rest of the page keeps working, and no work is lost. */
export class CrashBoundary extends Component<CrashBoundaryProps, CrashState> {
  override state: CrashState = { error: null, resetKey: this.props.resetKey };

  static getDerivedStateFromError(error: unknown): Partial<CrashState> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps(props: CrashBoundaryProps, state: CrashState): CrashState | null {
    return props.resetKey === state.resetKey ? null : { error: null, resetKey: props.resetKey };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <CrashNote what={this.props.what} error={error} onRetry={() => this.setState({ error: null })} />;
  }
}
