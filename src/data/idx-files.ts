// Finding the files of a data set in MNIST's format: named folder, $GRADUS_DATA, installed package, cache, network.
import { platform } from "#platform";
import { cacheFolder, FormatError, readBytes } from "../base/index.js";
import { download, sha256 } from "./download.js";
import { gunzip } from "./idx.js";

/** A data set in MNIST's files. */
export interface IdxSource {
  /** The function users call. */
  readonly name: string;
  /** Folder names below a data root; the first also names the cache. */
  readonly folders: readonly string[];
  /** Where packages put the files: absolute, or below a `node_modules`. */
  readonly installed: string;
  readonly urls: readonly string[];
  /** What to do where there is no network. */
  readonly remedy: string;
  /** SHA-256 of the unzipped files. */
  readonly checksums: Readonly<Record<IdxFile, string>>;
}

export type IdxFile = `${"train" | "t10k"}-${"images-idx3" | "labels-idx1"}-ubyte`;

/** Contents of a split's two files, and where they are from. */
export interface FoundFiles {
  readonly location: string;
  readonly images: FoundFile;
  readonly labels: FoundFile;
}

/** Unzipped content, with the path or URL for error messages. */
export interface FoundFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface FindOptions {
  readonly train?: boolean;
  /** Folder or URL that has the files, plain or gzipped; default: as the header of this file says. */
  readonly root?: string;
  readonly download?: boolean;
}

type Names = readonly [images: IdxFile, labels: IdxFile];

/**
 * Reads images and labels of a split.
 * @param others - data sets with the same file names, which a folder may hold by mistake.
 * @throws FormatError if a named folder lacks the files, or no place has them and the download fails.
 */
export async function findIdxFiles(
  source: IdxSource,
  { train = true, root, download: mayDownload = true }: FindOptions,
  others: readonly IdxSource[],
): Promise<FoundFiles> {
  const prefix = train ? "train" : "t10k";
  const names: Names = [`${prefix}-images-idx3-ubyte`, `${prefix}-labels-idx1-ubyte`];
  const named = root ?? platform.env("GRADUS_DATA");
  if (named) return readNamed(source, names, named, others, root === undefined ? "GRADUS_DATA" : "root");
  for (const folder of [...installedFolders(source.installed), cacheFolder(source.folders[0] as string)]) {
    const found = await readFolder(names, folder);
    if (found) return found;
  }
  if (mayDownload) return downloadFiles(source, names);
  throw new FormatError(`${source.name}: not found on this machine; ${source.remedy}`, {
    op: source.name,
    fix: source.remedy,
  });
}

/** A place the user named has the files or is an error: falling back to other data would hide a slip of the pen. */
async function readNamed(
  source: IdxSource,
  names: Names,
  root: string,
  others: readonly IdxSource[],
  setting: string,
): Promise<FoundFiles> {
  const folders = [...source.folders.map((folder) => `${root.replace(/[/\\]+$/, "")}/${folder}`), root];
  const isForeign = async (labels: Uint8Array) => {
    const sum = await sha256(labels);
    return others.some((other) => other.checksums[names[1]] === sum);
  };
  for (const folder of folders) {
    const found = await readFolder(names, folder);
    if (found && !(await isForeign(found.labels.bytes))) return found;
  }
  throw new FormatError(
    `${source.name}: ${names.join(" and ")} (plain or .gz) are not in ${folders.join(", ")}; set ${setting} to their folder, or leave it out`,
    { op: source.name },
  );
}

/** Both files from a folder or URL, or null if one is missing. */
async function readFolder(names: Names, folder: string): Promise<FoundFiles | null> {
  const [images, labels] = await Promise.all(names.map((name) => readEither(`${folder}/${name}`)));
  return images && labels ? { location: folder, images, labels } : null;
}

async function readEither(path: string): Promise<FoundFile | null> {
  for (const candidate of [path, `${path}.gz`]) {
    const bytes = /^https?:/.test(path) ? await fetchBytes(candidate) : readIfThere(candidate);
    if (bytes) return { path: candidate, bytes: await gunzip(bytes, candidate) };
  }
  return null;
}

function readIfThere(path: string): Uint8Array | null {
  return platform.files?.fileExists(path) ? readBytes("data", path) : null;
}

async function fetchBytes(url: string): Promise<Uint8Array | null> {
  const response = await fetch(url).catch(() => null);
  return response?.ok ? new Uint8Array(await response.arrayBuffer()) : null;
}

/** Places a package's folder can be in: below the working folder's `node_modules`, and those above this file. */
function installedFolders(installed: string): string[] {
  if (!platform.files) return [];
  if (installed.startsWith("/")) return [installed];
  const folders = [`node_modules/${installed}`];
  if (!import.meta.url.startsWith("file:")) return folders;
  for (let url = new URL(".", import.meta.url); ; url = new URL("..", url)) {
    // Windows paths come as /C:/…
    folders.push(decodeURIComponent(new URL(`node_modules/${installed}`, url).pathname).replace(/^\/(?=[A-Z]:)/, ""));
    if (url.pathname === new URL("..", url).pathname) return folders;
  }
}

async function downloadFiles(source: IdxSource, names: Names): Promise<FoundFiles> {
  const fetchOne = async (name: IdxFile): Promise<FoundFile> => {
    const urls = source.urls.map((url) => `${url}/${name}.gz`);
    return { path: name, bytes: await download(urls, source.checksums[name], source.remedy) };
  };
  const [images, labels] = await Promise.all([fetchOne(names[0]), fetchOne(names[1])]);
  const folder = cacheFolder(source.folders[0] as string);
  try {
    platform.files?.writeFileAtomic(`${folder}/${names[0]}`, images.bytes);
    platform.files?.writeFileAtomic(`${folder}/${names[1]}`, labels.bytes);
  } catch (error) {
    platform.warn(
      `${source.name}: cannot keep the download in ${folder} (${(error as Error).message}); it is used all the same`,
    );
  }
  return { location: source.urls[0] as string, images, labels };
}
