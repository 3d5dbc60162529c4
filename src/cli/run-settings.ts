// What a run starts from: the command line, and the checkpoint it goes on with.
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { loadCheckpoint, type MetricsRecord, type StateObject } from "../train/index.js";
import { UsageError } from "./errors.js";
import { defaultSettings, type RunSettings, type TrainOptions } from "./train-options.js";

/** The command a checkpoint belongs to. */
const job = "train mnist";

/** The part of a checkpoint that the command line adds to the trainer's. */
export interface SavedRun {
  readonly job: string;
  readonly settings: RunSettings;
  readonly target: string;
  /** Training images: other data would give other results. */
  readonly trainItems: number;
  readonly metrics: MetricsRecord[];
  readonly trainer: StateObject;
}

export interface Run {
  readonly settings: RunSettings;
  readonly saved: SavedRun | null;
  /** Folder to write to. */
  readonly output: string;
  /** Null: the default one. */
  readonly target: string | null;
}

/** @throws UsageError if options contradict the checkpoint. */
export function openRun(options: TrainOptions): Run {
  const saved = options.resume === undefined ? null : readSavedRun(options.resume);
  const settings = saved ? keepSettings(saved.settings, options) : { ...defaultSettings, ...given(options) };
  return {
    settings,
    saved,
    output: options.output ?? (options.resume ? dirname(options.resume) : newFolder(settings.data)),
    target: options.target ?? saved?.target ?? null,
  };
}

export function savedRun(run: Omit<SavedRun, "job">): StateObject {
  return { job, ...run } as unknown as StateObject;
}

function readSavedRun(path: string): SavedRun {
  const saved = loadCheckpoint(path) as unknown as SavedRun;
  if (saved.job === job && saved.settings && saved.trainer) return saved;
  throw new UsageError(`--resume: ${path} is no checkpoint of gradus ${job}`);
}

/** The settings that the command line names. */
function given(options: TrainOptions): Partial<RunSettings> {
  const keys = Object.keys(defaultSettings) as (keyof RunSettings)[];
  return Object.fromEntries(keys.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]));
}

/** A resumed run keeps its settings: with others it could not go on to the same result. */
function keepSettings(saved: RunSettings, options: TrainOptions): RunSettings {
  for (const [key, value] of Object.entries(given(options))) {
    const before = saved[key as keyof RunSettings];
    if (value === before) continue;
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new UsageError(`${flag} ${value}: the run to resume has ${before}; leave it out, or start a new run`);
  }
  return saved;
}

/** runs/mnist-1, runs/mnist-2 …: the first that is not there, so that no run overwrites another. */
function newFolder(data: string): string {
  for (let number = 1; ; number++) {
    const folder = `runs/${data}-${number}`;
    if (!existsSync(folder)) return folder;
  }
}
