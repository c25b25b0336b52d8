import { useState } from "react";
import { useSelected } from "../../synapse/hooks";
import { concerns } from "../../synapse/notices";
import type { NoticeView } from "../../synapse/view";
import { Empty, Panel } from "../../ui/Panel";
import { Switch } from "../../ui/Switch";
import { useFormat } from "../../ui/useFormat";
import { noticeWords } from "./words";
import "./notices.css";

export const SHOWN_MAX = 20;

/** What the recorder told of itself, newest first: corrections, feeds, rules. Nothing while there is none. */
export function NoticeList({ symbol }: { symbol: string | null }) {
  const [scope, setScope] = useState<"one" | "all">("one");
  const all = useSelected(({ market }) => market.notices);
  if (all.length === 0) return null;
  const one = scope === "one" && symbol ? symbol : null;
  const shown = one ? all.filter((notice) => concerns(notice, one)) : all;
  const options = { one: symbol ?? "", all: "All" };
  const aside = symbol && (
    <Switch label="Notices of" options={options} value={scope} onChange={setScope} />
  );
  return (
    <Panel title="Notices" className="notices" aside={aside}>
      {shown.length === 0 ? (
        <Empty>No notice of {symbol}.</Empty>
      ) : (
        // A list that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <ol className="rows" tabIndex={0} aria-label="Notices">
          {shown.slice(0, SHOWN_MAX).map((notice) => (
            <NoticeRow key={notice.position} notice={notice} />
          ))}
        </ol>
      )}
    </Panel>
  );
}

function NoticeRow({ notice }: { notice: NoticeView }) {
  const format = useFormat();
  const { title, text } = noticeWords(notice, format);
  return (
    <li data-kind={notice.kind}>
      <span className="row-line">
        <strong>{title}</strong>
        <time dateTime={notice.recordedAt}>{format.moment(notice.recordedAt)}</time>
      </span>
      <span className="quiet">{text}</span>
    </li>
  );
}
