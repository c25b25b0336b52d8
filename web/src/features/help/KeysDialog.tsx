import { useState } from "react";
import { Dialog } from "../../ui/Dialog";
import { keyName, pageKeys } from "../../ui/keys";
import "./help.css";

/** The keys that mean something on the page at this moment, in their groups. */
export default function KeysDialog({ onClose }: { readonly onClose: () => void }) {
  const [groups] = useState(() => pageKeys.list());
  return (
    <Dialog title="Keys" className="help" onClose={onClose}>
      <p className="quiet">They work wherever no text is being typed.</p>
      {groups.map(({ name, keys }) => (
        <section key={name} className="help-group">
          <h3>{name}</h3>
          <dl>
            {keys.map(({ key, label }) => (
              <div key={key}>
                <dt>
                  <kbd>{keyName(key)}</kbd>
                </dt>
                <dd>{label}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
