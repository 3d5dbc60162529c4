// The grad mode that node creation reads. The tensor layer sets it through its scopes.
let readGradMode: () => boolean = () => true;

/** Whether new nodes may require grad. */
export function gradEnabled(): boolean {
  return readGradMode();
}

/** Installs the function that knows the current grad mode. */
export function setGradModeReader(reader: () => boolean): void {
  readGradMode = reader;
}
