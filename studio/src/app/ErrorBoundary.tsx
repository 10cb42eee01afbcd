import { Component, type ReactNode } from "react";

import { Button } from "../kit/Button";
import { Notice } from "../kit/small";

/** A part of the page that breaks says so, and does not take the rest with it. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div style={{ padding: 24, maxWidth: 720 }}>
        <Notice
          tone="error"
          actions={
            <>
              <Button onClick={() => this.setState({ error: null })}>Try again</Button>
              <Button onClick={() => location.reload()}>Reload the page</Button>
            </>
          }
        >
          <strong>This part of the studio broke.</strong> Your flow is saved; reload the page if this stays.
          <pre style={{ whiteSpace: "pre-wrap" }}>{error.message}</pre>
        </Notice>
      </div>
    );
  }
}
