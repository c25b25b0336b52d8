import { useCallback, useEffect, useRef } from "react";
import type { ServerEvent } from "../../synapse/generated";
import { useArrivals, useSelected, useSettings } from "../../synapse/hooks";
import { showOnDesktop } from "../../ui/desktop";
import { playTone, wakeSound } from "../../ui/sound";
import { useFormat } from "../../ui/useFormat";
import { Gatherer, type GathererWorld } from "./gatherer";
import { type News, newsOf, toneOf } from "./news";
import { notesOf } from "./notes";

const WORLD: GathererWorld = {
  now: () => Date.now(),
  later: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Tells shifts and critical alerts of all symbols outside the page, as they happen: on the desktop and
 * by a tone, as the reader chose. While the time machine is open nothing sounds: it would seem to be
 * of the past that is shown.
 */
export default function Notifier() {
  const { notifications, sound } = useSettings();
  const replaying = useSelected(({ machine }) => machine !== null);
  const format = useFormat();
  const tell = (news: readonly News[]): void => {
    if (notifications) for (const note of notesOf(news, format)) showOnDesktop(note);
    if (sound && !replaying) playTone(toneOf(news));
  };
  const gatherer = useRef(new Gatherer(WORLD));
  useEffect(() => {
    gatherer.current.tell = tell;
  });
  useEffect(() => {
    const { current } = gatherer;
    return () => current.stop();
  }, []);
  const arrived = useCallback((event: ServerEvent) => {
    const news = newsOf(event);
    if (news) gatherer.current.add(news);
  }, []);
  useArrivals(arrived);
  useWakening(sound);
  return null;
}

/** Browsers let a page sound only once the reader has touched it, anew after each load. */
function useWakening(sound: boolean): void {
  useEffect(() => {
    if (!sound) return undefined;
    const forget = (): void => {
      document.removeEventListener("pointerdown", wake);
      document.removeEventListener("keydown", wake);
    };
    const wake = async (): Promise<void> => {
      if (await wakeSound()) forget();
    };
    document.addEventListener("pointerdown", wake);
    document.addEventListener("keydown", wake);
    return forget;
  }, [sound]);
}
