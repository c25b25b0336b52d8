import { type Connection, ageWords } from "../synapse/connection";
import { useNow } from "../ui/useNow";

/** `last known, 42 s ago` while what is shown is not live, else null. */
export function useStale(connection: Connection, lastMessageAt: number | null): string | null {
  const live = connection.name === "live";
  const now = useNow(!live && lastMessageAt !== null);
  if (live || lastMessageAt === null) return null;
  return `last known, ${ageWords(now - lastMessageAt)} ago`;
}
