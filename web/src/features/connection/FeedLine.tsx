import type { FeedView } from "../../synapse/view";
import { useFormat } from "../../ui/useFormat";
import { feedWords } from "./words";

/** That no prices of the symbol come any more, and since when. */
export function FeedLine({ feed }: { feed: FeedView }) {
  const { moment } = useFormat();
  return (
    <span className="feed-line">
      {feedWords(feed)} <time dateTime={feed.recordedAt}>{moment(feed.recordedAt)}</time>
    </span>
  );
}
