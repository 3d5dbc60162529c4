// The grad mode that node creation reads. The tensor layer sets it through its scopes.
let readGradMode: () => boolean = () => true;
let isForced = false;

/** Whether new nodes may require grad. */
export function gradEnabled(): boolean {
  return isForced || readGradMode();
}

/** Installs the function that knows the current grad mode. */
export function setGradModeReader(reader: () => boolean): void {
  readGradMode = reader;
}

/** Nodes made by `fn` may require grad, whatever scope is around. `fn` is synchronous and runs no code of users: this is no scope. */
export function recordingGradients<R>(fn: () => R): R {
  const saved = isForced;
  isForced = true;
  try {
    return fn();
  } finally {
    isForced = saved;
  }
}
