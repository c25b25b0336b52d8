import { Suspense, lazy } from "react";
import "./replay.css";

const LinkDialog = lazy(() => import("./LinkDialog"));

interface LinkNoticeProps {
  /** What there is to say of the link that was opened or copied. */
  readonly notice: { readonly text: string; readonly warning: boolean } | null;
  /** A link that the person has to copy by hand. */
  readonly link: string | null;
  readonly onClose: () => void;
}

/** Says whether this page shows what the sender of a link saw, and that a link was copied. */
export function LinkNotice({ notice, link, onClose }: LinkNoticeProps) {
  return (
    <div className="link-notice-place">
      <div className="link-notice" data-shown={notice !== null} data-warning={notice?.warning}>
        <output>{notice?.text}</output>
        {notice && (
          <button type="button" className="small-button" onClick={onClose}>
            Close
          </button>
        )}
      </div>
      {link && (
        <Suspense fallback={null}>
          <LinkDialog link={link} onClose={onClose} />
        </Suspense>
      )}
    </div>
  );
}
