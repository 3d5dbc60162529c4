// Files a run writes: whole or not at all, into a folder that was checked before the run.
import { existsSync, mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FormatError, reason } from "../base/index.js";

/** Replaces a file by one with new content: readers see the old or the new one, and a failure keeps the old one. */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new FormatError(`cannot write ${path}: ${reason(cause)}`, { cause });
  }
}

/**
 * Makes sure that files can be written to a folder, which is made where it is missing.
 * @returns a function that removes the folders this call made, as long as they are empty.
 * @throws FormatError if it cannot be made or written to.
 */
export function prepareFolder(folder: string): () => void {
  const made = missingFolders(folder);
  const undo = () => {
    for (const path of made) removeEmpty(path);
  };
  const probe = join(folder, `.gradus-${process.pid}.tmp`);
  try {
    // Not `recursive`: Node then never returns where the system refuses a name with ENOENT, as below /proc.
    for (const path of [...made].reverse()) makeFolder(path);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (cause) {
    undo();
    throw new FormatError(`cannot write to the folder ${folder}: ${reason(cause)}; choose another one`, { cause });
  }
  return undo;
}

/** The folder and those above it that do not exist, innermost first. */
function missingFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let path = folder; !existsSync(path); path = dirname(path)) {
    missing.push(path);
    if (dirname(path) === path) break;
  }
  return missing;
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error; // another process was quicker
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody put something there, or it never came to be: both are none of our business.
  }
}
