// Reading and writing whole files, with errors in words.
import { platform } from "#platform";
import { DeviceError, FormatError } from "../base/index.js";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  ENOENT: "there is no such place",
  EPERM: "not permitted",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "it is a file",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EISDIR: "it is a folder",
};

/** What went wrong with a file, in words. */
export function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return reasons[code ?? ""] ?? message ?? String(error);
}

function files(op: string): NonNullable<typeof platform.files> {
  if (platform.files) return platform.files;
  throw new DeviceError(`${op}: this host has no files; encode and decode bytes instead`, { op });
}

/** @throws FormatError if the file is missing or cannot be read. */
export function readBytes(op: string, path: string): Uint8Array {
  const source = files(op);
  try {
    return source.readFile(path);
  } catch (cause) {
    const what = (cause as { code?: string }).code === "ENOENT" ? "there is no such file" : reason(cause);
    throw new FormatError(`${op}: cannot read ${path}: ${what}`, { op, cause });
  }
}

/** Replaces a file as a whole or not at all. @throws FormatError if it cannot be written. */
export function writeBytes(op: string, path: string, bytes: Uint8Array): void {
  const target = files(op);
  try {
    target.writeFileAtomic(path, bytes);
  } catch (cause) {
    throw new FormatError(`${op}: cannot write ${path}: ${reason(cause)}`, { op, cause });
  }
}
