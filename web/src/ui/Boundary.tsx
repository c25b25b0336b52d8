import { Component, type ReactNode } from "react";

interface BoundaryProps {
  /** What stands in the place of a part that failed. */
  readonly fallback: ReactNode;
  readonly children: ReactNode;
}

/** Keeps the page when a part of it cannot be loaded or breaks. */
export class Boundary extends Component<BoundaryProps, { readonly broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { readonly broken: boolean } {
    return { broken: true };
  }

  override componentDidCatch(error: Error): void {
    console.error(error);
  }

  override render(): ReactNode {
    return this.state.broken ? this.props.fallback : this.props.children;
  }
}
