import type { FeedView } from "../../synapse/view";
import { moment } from "../../ui/format";
import { feedWords } from "./words";

/** That no prices of the symbol come any more, and since when. */
export function FeedLine({ feed }: { feed: FeedView }) {
  return (
    <span className="feed-line">
      {feedWords(feed)} <time dateTime={feed.recordedAt}>{moment(feed.recordedAt)}</time>
    </span>
  );
}
