import { Dialog } from "../../ui/Dialog";
import "./goto.css";

interface LinkDialogProps {
  readonly link: string;
  readonly onClose: () => void;
}

/** The link to copy by hand, where the browser lets no page write to the clipboard. */
export default function LinkDialog({ link, onClose }: LinkDialogProps) {
  return (
    <Dialog title="Copy this link" onClose={onClose}>
      <label className="goto-link">
        This browser does not let the page copy it for you.
        <input
          type="text"
          readOnly
          value={link}
          ref={(field) => field?.select()}
          onFocus={({ target }) => target.select()}
        />
      </label>
    </Dialog>
  );
}
