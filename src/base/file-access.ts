// Reading and writing whole files, with errors in words, and where to keep some.
import { platform } from "#platform";
import { DeviceError, FormatError } from "./errors.js";
import { checkText } from "./options.js";
import type { FileSystem } from "./platform/platform.js";

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

/** The host's files. @param remedy - what does the same without any. @throws DeviceError where there are none. */
export function hostFiles(op: string, remedy = "encode and decode bytes instead"): FileSystem {
  if (platform.files) return platform.files;
  throw new DeviceError(`${op}: this host has no files${remedy && `; ${remedy}`}`, { op });
}

/** @throws FormatError if the file is missing or cannot be read; DeviceError where there are no files. */
export function readBytes(op: string, path: string, remedy?: string): Uint8Array {
  checkText(op, "the file", path);
  const source = hostFiles(op, remedy);
  try {
    return source.readFile(path);
  } catch (cause) {
    const what = (cause as { code?: string }).code === "ENOENT" ? "there is no such file" : reason(cause);
    throw new FormatError(`${op}: cannot read ${path}: ${what}`, { op, cause });
  }
}

/** Replaces a file as a whole or not at all. @throws FormatError if it cannot be written. */
export function writeBytes(op: string, path: string, bytes: Uint8Array, remedy?: string): void {
  checkText(op, "the file", path);
  const target = hostFiles(op, remedy);
  try {
    target.writeFileAtomic(path, bytes);
  } catch (cause) {
    throw new FormatError(`${op}: cannot write ${path}: ${reason(cause)}`, { op, cause });
  }
}

/** A folder for what can be made or fetched again. */
export function cacheFolder(name: string): string {
  const cache = platform.env("XDG_CACHE_HOME") ?? `${platform.files?.homeDir() ?? ""}/.cache`;
  return `${cache}/gradus/${name}`;
}
