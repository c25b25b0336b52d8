import { useState } from "react";
import { useChangeSettings, useSettings } from "../../synapse/hooks";
import { Switch } from "../../ui/Switch";
import { type Permission, askForDesktop, desktopPermission, showOnDesktop } from "../../ui/desktop";
import { playTone, wakeSound } from "../../ui/sound";

const ON_OFF = { off: "Off", on: "On" } as const;

const WHY_NOT: Readonly<Record<Permission, string>> = {
  missing: "This browser shows no desktop notifications for this page.",
  denied: "The browser blocks them: allow notifications in its settings for this site.",
  default: "The browser was not told to allow them.",
  granted: "This browser leaves notifications to installed apps, so none can be shown.",
};
const NO_SOUND = "This browser plays no sound for this page.";

/** Desktop notifications and sound, both off until they are asked for. */
export function Attention() {
  return (
    <section className="settings-part">
      <h3>When something happens</h3>
      <Notifications />
      <Sound />
      <p className="quiet">Of shifts and critical alerts as they happen, never of the past.</p>
    </section>
  );
}

function Notifications() {
  const { notifications } = useSettings();
  const change = useChangeSettings();
  const permission = desktopPermission();
  const withdrawn = notifications && permission !== "granted" ? WHY_NOT[permission] : null;
  const [problem, setProblem] = useState(withdrawn);
  const switchTo = async (value: "on" | "off"): Promise<void> => {
    const problemNow = value === "on" ? await askAndTry() : null;
    setProblem(problemNow);
    change({ notifications: value === "on" && problemNow === null });
  };
  return (
    <div className="setting">
      <span>Desktop notifications</span>
      <Switch
        label="Desktop notifications"
        options={ON_OFF}
        value={notifications ? "on" : "off"}
        onChange={(value) => void switchTo(value)}
      />
      <output className="settings-problem">{problem}</output>
    </div>
  );
}

/** Asks the reader and shows a first note; answers why there will be none, null when there will. */
async function askAndTry(): Promise<string | null> {
  const permission = await askForDesktop();
  const first = { title: "Synapse", body: "Notifications look like this one.", tag: "synapse" };
  return permission === "granted" && showOnDesktop(first) ? null : WHY_NOT[permission];
}

function Sound() {
  const { sound } = useSettings();
  const change = useChangeSettings();
  const [problem, setProblem] = useState<string | null>(null);
  const switchTo = async (value: "on" | "off"): Promise<void> => {
    const sounds = value === "on" && (await wakeSound()) && playTone("up");
    setProblem(value === "on" && !sounds ? NO_SOUND : null);
    change({ sound: sounds });
  };
  return (
    <div className="setting">
      <span>Sound</span>
      <Switch
        label="Sound"
        options={ON_OFF}
        value={sound ? "on" : "off"}
        onChange={(value) => void switchTo(value)}
      />
      <output className="settings-problem">{problem}</output>
    </div>
  );
}
