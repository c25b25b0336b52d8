import { useFormat } from "./useFormat";

interface RestOfRowsProps {
  readonly left: number;
  readonly onShow: () => void;
}

/** The last row of a list that is not all there: for those who read the page without scrolling it. */
export function RestOfRows({ left, onShow }: RestOfRowsProps) {
  const { count } = useFormat();
  if (left === 0) return null;
  return (
    <li>
      <button type="button" className="small-button" tabIndex={-1} onClick={onShow}>
        Show {count(left)} more
      </button>
    </li>
  );
}
