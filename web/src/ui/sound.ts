/** What a tone tells; each sounds different, so that one need not look. */
export type Tone = "up" | "down" | "flat" | "crash" | "alert";

const NOTE_S = 0.16;
const GAIN = 0.12;

/** The notes of each tone in hertz, one after the other. */
const NOTES: Readonly<Record<Tone, readonly number[]>> = {
  up: [523, 784],
  down: [523, 392],
  flat: [523],
  crash: [440, 330, 247],
  alert: [880, 880],
};

let context: AudioContext | null = null;

/** Makes the page able to sound; browsers allow it only after the reader has touched the page. */
export async function wakeSound(): Promise<boolean> {
  if (!("AudioContext" in window)) return false;
  try {
    context ??= new AudioContext();
    if (context.state !== "running") await context.resume();
    return context.state === "running";
  } catch {
    return false;
  }
}

/** Plays a tone now, or not at all: one that came late would tell of what is over. */
export function playTone(tone: Tone): boolean {
  if (context?.state !== "running") return false;
  const player = context;
  const start = player.currentTime;
  NOTES[tone].forEach((hertz, index) => playNote(player, hertz, start + index * NOTE_S));
  return true;
}

function playNote(player: AudioContext, hertz: number, at: number): void {
  const note = player.createOscillator();
  const volume = player.createGain();
  note.frequency.value = hertz;
  // It swells and fades: a note that is cut off clicks.
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(GAIN, at + 0.02);
  volume.gain.linearRampToValueAtTime(0, at + NOTE_S * 0.95);
  note.connect(volume).connect(player.destination);
  note.start(at);
  note.stop(at + NOTE_S);
}
