import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import { RestOfRows } from "../../src/ui/RestOfRows";
import { ROWS_FIRST, useRows } from "../../src/ui/useRows";

afterEach(cleanup);

const ALL = Array.from({ length: ROWS_FIRST + 30 }, (_, at) => at);

function List({ all }: { all: readonly number[] }) {
  const { comes, left, rows, showAll } = useRows(all);
  return (
    <ol {...comes}>
      {rows.map((row) => (
        <li key={row}>row {row}</li>
      ))}
      <RestOfRows left={left} onShow={showAll} />
    </ol>
  );
}

const shown = (): number => screen.queryAllByText(/^row /).length;

it("shows the first rows, and the rest to whoever asks for it", () => {
  render(<List all={ALL} />);
  expect(shown()).toBe(ROWS_FIRST);
  fireEvent.click(screen.getByRole("button", { name: "Show 30 more" }));
  expect(shown()).toBe(ALL.length);
  expect(screen.queryByRole("button")).toBeNull();
});

it("shows all of it to whoever scrolls it or comes by keyboard", () => {
  render(<List all={ALL} />);
  fireEvent.scroll(screen.getByRole("list"));
  expect(shown()).toBe(ALL.length);
});

it("needs no button where all rows are there", () => {
  render(<List all={ALL.slice(0, ROWS_FIRST)} />);
  expect(screen.queryByRole("button")).toBeNull();
});
