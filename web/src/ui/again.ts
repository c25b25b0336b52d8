export const LOAD_TRIES = 6;
export const LOAD_AGAIN_MS = 1_000;

/** Loads a part of the page; a recorder that is away for a moment is asked again, each time after a longer wait. */
export async function again<T>(load: () => Promise<T>, left: number = LOAD_TRIES - 1): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (left <= 0) throw error;
    const wait = LOAD_AGAIN_MS * 2 ** (LOAD_TRIES - 1 - left);
    await new Promise((done) => setTimeout(done, wait));
    return again(load, left - 1);
  }
}
