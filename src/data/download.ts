// Checksummed downloads into a cache folder.
import { FormatError } from "../base/index.js";
import { gunzip } from "./idx.js";

/** SHA-256 of `bytes` in hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The (unzipped) content of the first of `urls` that answers with the right bytes.
 * @param expected - SHA-256 of the unzipped content.
 * @param remedy - what to do without a network, for the error message.
 * @throws FormatError if no URL answers, or the content is not the expected one.
 */
export async function download(urls: readonly string[], expected: string, remedy: string): Promise<Uint8Array> {
  let cause: unknown;
  const problems: string[] = [];
  for (const url of urls) {
    try {
      const response = await fetch(url, { redirect: "follow" });
      if (!response.ok) throw new FormatError(`HTTP status ${response.status}`);
      const content = await gunzip(new Uint8Array(await response.arrayBuffer()), url);
      if ((await sha256(content)) === expected) return content;
      throw new FormatError("its content has a wrong checksum");
    } catch (error) {
      cause = error;
      problems.push(`${url}: ${reason(error)}`);
    }
  }
  throw new FormatError(`download: ${problems.join("; ")}; ${remedy}`, { op: "download", fix: remedy, cause });
}

/** fetch's own message is "fetch failed"; the reason is inside. */
function reason(error: unknown): string {
  const inner = (error as { cause?: { code?: string; message?: string } }).cause;
  return inner?.code ?? inner?.message ?? (error as Error).message;
}
