const FORGET_MS = 10_000;

/** Lets the browser save a file under a name. */
export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  download(address, name);
  setTimeout(() => URL.revokeObjectURL(address), FORGET_MS);
}

/** Lets the browser load an address into a file; without a name the server gives it one. */
export function download(address: string, name = ""): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}
