// Schedules that searches have found, for one kind of processor, target and number of threads: in memory and on disk, a small
// file for each contraction, so that programs that search at the same time cannot lose each other's findings.
import { platform } from "#platform";
import { cacheFolder } from "../base/index.js";
import type { Target } from "../ir/index.js";
import { type ContractionOptions, isPossible, type ScheduleRequest } from "./contraction/schedule.js";

/** Raised when options change their meaning: older files are no answers then. */
const VERSION = 1;

interface Entry {
  readonly version: number;
  readonly key: string;
  readonly options: ContractionOptions;
}

const books = new Map<string, ScheduleBook>();

/** What is known for a target on this machine. GRADUS_SCHEDULES names the folder; `off` keeps everything in memory. */
export function scheduleBook(target: Target): ScheduleBook {
  const setting = platform.env("GRADUS_SCHEDULES");
  const folder = setting === "off" || platform.files === null ? null : (setting ?? cacheFolder("schedules"));
  const machine = `${target.name}-${target.info.threads}-${platform.cpuName()}`.replace(/[^\w.-]+/g, "_");
  const place = folder === null ? null : `${folder}/${machine}`;
  const id = `${place} ${machine}`;
  const book = books.get(id) ?? new ScheduleBook(place);
  books.set(id, book);
  return book;
}

/** Where schedules for a target are kept; null if they are not. */
export function scheduleFolder(target: Target): string | null {
  return scheduleBook(target).keptIn;
}

let editions = 0;

export class ScheduleBook {
  /** Another number for each book, and for one that something was added to: kernels of an older edition may be others now. */
  edition = editions++;
  /** Null: looked for, and not there. */
  readonly #known = new Map<string, ContractionOptions | null>();
  #hasFailed = false;

  constructor(
    /** Null: nothing is kept on disk. */
    readonly folder: string | null,
  ) {}

  /** Where findings go: nowhere, if that is wished or if it turned out that the folder cannot be written. */
  get keptIn(): string | null {
    return this.#hasFailed ? null : this.folder;
  }

  /** What a search found, or null. A damaged file, or one that does not fit, counts as none. */
  find(request: ScheduleRequest): ContractionOptions | null {
    const { key } = request;
    let options = this.#known.get(key);
    if (options === undefined) {
      options = this.#read(key);
      this.#known.set(key, options);
    }
    return options !== null && isPossible(request, options) ? options : null;
  }

  keep({ key }: ScheduleRequest, options: ContractionOptions): void {
    this.#known.set(key, options);
    this.edition = editions++;
    if (this.folder === null) return;
    const entry: Entry = { version: VERSION, key, options };
    try {
      platform.files?.writeFileAtomic(this.#path(key), new TextEncoder().encode(`${JSON.stringify(entry)}\n`));
    } catch (error) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      platform.warn(`gradus: schedules cannot be kept in ${this.folder} (${(error as Error).message})`);
    }
  }

  #read(key: string): ContractionOptions | null {
    const { files } = platform;
    if (this.folder === null || files === null) return null;
    const path = this.#path(key);
    try {
      if (!files.fileExists(path)) return null;
      const entry = JSON.parse(new TextDecoder().decode(files.readFile(path))) as Partial<Entry> | null;
      const isRight = entry?.version === VERSION && entry.key === key && typeof entry.options === "object";
      return isRight ? (entry.options as ContractionOptions | null) : null;
    } catch {
      return null;
    }
  }

  #path(key: string): string {
    return `${this.folder}/${hashOf(key)}.json`;
  }
}

/** FNV-1a, twice with different starts: 64 bits in hexadecimal digits. The file says which key it is for. */
function hashOf(text: string): string {
  return [0x811c9dc5, 0x01000193]
    .map((start) => {
      let hash = start;
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
      return (hash >>> 0).toString(16).padStart(8, "0");
    })
    .join("");
}
