import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { StrictMode, useState } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { Boundary } from "../../src/ui/Boundary";
import { Dialog } from "../../src/ui/Dialog";

afterEach(cleanup);

function Opener({ onClosed }: { onClosed: () => void }) {
  const [open, setOpen] = useState(false);
  const close = (): void => {
    setOpen(false);
    onClosed();
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Open
      </button>
      {open && (
        <Dialog title="Settings" onClose={close}>
          <p>inside</p>
        </Dialog>
      )}
    </>
  );
}

function show(onClosed: () => void = () => {}): HTMLElement {
  render(
    <StrictMode>
      <Opener onClosed={onClosed} />
    </StrictMode>,
  );
  const button = screen.getByRole("button", { name: "Open" });
  button.focus();
  fireEvent.click(button);
  return button;
}

it("is modal, has its title as its name, and stays open under a strict mode", () => {
  const modal = vi.spyOn(HTMLDialogElement.prototype, "showModal");
  show();
  const dialog = screen.getByRole<HTMLDialogElement>("dialog", { name: "Settings" });
  expect(dialog.open).toBe(true);
  expect(modal).toHaveBeenCalled();
});

it("tells once that it was closed, and gives the focus back", () => {
  const closed = vi.fn();
  const button = show(closed);
  screen.getByRole("button", { name: "Close" }).focus();
  fireEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(closed).toHaveBeenCalledTimes(1);
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(document.activeElement).toBe(button);
});

it("closes as the browser closes it: at Esc or beside it", () => {
  const closed = vi.fn();
  show(closed);
  const dialog = screen.getByRole<HTMLDialogElement>("dialog");
  expect(dialog.getAttribute("closedby")).toBe("any");
  fireEvent(dialog, new Event("close"));
  expect(closed).not.toHaveBeenCalled();
  dialog.close();
  expect(closed).toHaveBeenCalledTimes(1);
});

function Broken(): never {
  throw new Error("not loaded");
}

it("a part that breaks leaves the rest of the page", () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  render(
    <>
      <p>the rest</p>
      <Boundary fallback={<p>instead</p>}>
        <Broken />
      </Boundary>
    </>,
  );
  expect(screen.getByText("the rest")).toBeTruthy();
  expect(screen.getByText("instead")).toBeTruthy();
});
