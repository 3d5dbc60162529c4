// Data sets of files in folders, one folder a class.
import { checkChoice, checkFunction, checkOptions, FormatError, hostFiles, noMore, reason } from "../base/index.js";
import {
  checkIndex,
  type Dataset,
  type EpochContext,
  type ImageTransform,
  rememberInstance,
  transformImages,
} from "../data/index.js";
import { computed, type Tensor, tensor } from "../tensor/index.js";
import { readImageSync } from "./image/files.js";
import { type ImageMode, imageModes } from "./image/pixels.js";

/** Options of `DatasetFolder`. */
export interface FolderOptions {
  /** Endings of the files that count, with their dots. */
  readonly extensions?: readonly string[];
  /** In place of `extensions`. */
  readonly isValidFile?: (path: string) => boolean;
  /** Classes may have no file; default false. */
  readonly allowEmpty?: boolean;
  /** What an item's label is of the number of its class; default: that number. */
  readonly targetTransform?: (target: number) => number;
}

const folderKinds = {
  extensions: "texts",
  isValidFile: "function",
  allowEmpty: "flag",
  targetTransform: "function",
};

/** A file and its class. */
export type FolderSample = readonly [path: string, target: number];

/**
 * Files in one folder a class: `root/cat/1.bin`, `root/cat/more/2.bin`, `root/dog/1.bin`. Classes are numbered in the order of
 * their names; files come class by class, in the order of their paths.
 * @param load - makes the item's first part of a file.
 * @throws FormatError if there is no class folder, or a class without files.
 * @throws ArgumentError if `load` is no function, or an option is unknown or of another kind.
 * @example new DatasetFolder("features", (path) => readFeatures(path), { extensions: [".bin"] })
 */
export class DatasetFolder<T> implements Dataset<[sample: T, label: Tensor]> {
  /** Names of the classes: the folders, sorted. */
  readonly classes: readonly string[];
  /** Each class's label. */
  readonly classToIdx: Readonly<Record<string, number>>;
  /** All files with their labels, in order of class and name. */
  readonly samples: readonly FolderSample[];
  /** The class of each sample. */
  readonly targets: readonly number[];
  /** Number of files. */
  readonly length: number;
  readonly #label: (target: number) => number;

  constructor(
    /** Path of the folder that holds one folder a class. */
    readonly root: string,
    private readonly load: (path: string, index: number, context: EpochContext) => T,
    options: FolderOptions = {},
    ...surplus: []
  ) {
    noMore("DatasetFolder", surplus);
    checkFunction("DatasetFolder", "load", load);
    checkOptions("DatasetFolder", options, folderKinds);
    const { extensions, allowEmpty = false } = options;
    this.#label = options.targetTransform ?? ((target) => target);
    const endings = extensions?.map((ending) => ending.toLowerCase());
    const isValid =
      options.isValidFile ?? ((path) => !endings || endings.some((ending) => path.toLowerCase().endsWith(ending)));
    this.classes = classesOf(root);
    this.classToIdx = Object.fromEntries(this.classes.map((name, i) => [name, i]));
    const files = this.classes.map((name) => filesBelow(`${root}/${name}`).filter(isValid));
    const empty = this.classes.filter((_, i) => files[i]?.length === 0);
    if (empty.length > 0 && !allowEmpty) {
      throw new FormatError(
        `DatasetFolder: no valid file for the classes ${empty.join(", ")} in ${root}${extensions ? `; files must end in ${extensions.join(", ")}` : ""}`,
        { op: "DatasetFolder" },
      );
    }
    this.samples = files.flatMap((paths, i) => paths.map((path) => [path, i] as const));
    this.targets = this.samples.map(([, target]) => target);
    this.length = this.samples.length;
  }

  /**
   * The sample and its class, int32. Shapes: label `[]`, of the sample what `load` gives.
   * @throws IndexError if there is no such item.
   */
  get(index: number, context: EpochContext = { seed: 0, epoch: 0 }): [sample: T, label: Tensor] {
    const at = checkIndex("DatasetFolder", index, this.length);
    const [path, target] = this.samples[at] as FolderSample;
    return [this.load(path, at, context), tensor(this.#label(target), { dtype: "int32" })];
  }
}

/** What `ImageFolder` reads. */
const imageExtensions = [".png", ".jpg", ".jpeg"];

/** Options of `ImageFolder`. */
export interface ImageFolderOptions extends FolderOptions {
  /** Channels of the images; default "rgb". */
  readonly mode?: ImageMode;
  /** Turn images as their cameras noted; default false. */
  readonly applyExifOrientation?: boolean;
  /** Makes an image `[C, H, W]` of a file, in place of `readImage` with `mode`. */
  readonly loader?: (path: string) => Tensor;
  /** Of uint8 images `[1, C, H, W]`, one at a time: those that are to be batched should get one size. */
  readonly transform?: ImageTransform;
}

/**
 * Images in one folder a class: items are uint8 `[C, H, W]` and the class, int32 `[]`. Files are read and decoded as items are
 * asked for; workers of a `DataLoader` do that in parallel.
 * @throws FormatError if there is no class folder, or a class without images; at an item if its file is damaged, which it names.
 * @throws ArgumentError if an option is unknown or of another kind.
 * @example
 * const resize = new Compose([new ToDtype("float32", { scale: true }), new Resize([64, 64])]);
 * new DataLoader(new ImageFolder("animals/train", { transform: resize }), { batchSize: 32, shuffle: true });
 */
export class ImageFolder extends DatasetFolder<Tensor> {
  constructor(root: string, options: ImageFolderOptions = {}, ...surplus: []) {
    checkOptions("ImageFolder", options, {
      ...{ mode: "text", applyExifOrientation: "flag", transform: "function | object", loader: "function" },
      ...folderKinds,
    });
    if (options.mode !== undefined) checkChoice("ImageFolder", "mode", options.mode, imageModes);
    if (typeof options.transform === "object")
      checkFunction("ImageFolder", "the transform's apply", options.transform?.apply);
    const { mode = "rgb", applyExifOrientation = false, transform, loader, ...folder } = options;
    super(
      root,
      (path, index, context) => {
        const image = loader ? loader(path) : readImageSync(path, { mode, applyExifOrientation });
        if (!transform) return image;
        const place = { ...context, indices: [index], stream: 0 };
        // Each by itself: files differ in size, and a batch of them would be a new program for each order they come in.
        return computed(transformImages(transform, image.unsqueeze(0), place)).squeeze(0);
      },
      { extensions: imageExtensions, ...folder },
      ...surplus,
    );
    rememberInstance(this, new.target, ImageFolder, "ImageFolder", import.meta.url, [root, options]);
  }
}

function list(folder: string) {
  const files = hostFiles("DatasetFolder", "");
  try {
    return files.listFolder(folder);
  } catch (cause) {
    throw new FormatError(`DatasetFolder: cannot read the folder ${folder}: ${reason(cause)}`, {
      op: "DatasetFolder",
      cause,
    });
  }
}

function classesOf(root: string): string[] {
  const names = list(root).flatMap(({ name, isFolder }) => (isFolder ? [name] : []));
  if (names.length > 0) return names.sort();
  throw new FormatError(`DatasetFolder: ${root} holds no folder; each class has its own`, { op: "DatasetFolder" });
}

/** Paths of all files, folder by folder. */
function filesBelow(folder: string): string[] {
  const entries = list(folder);
  const named = (isFolder: boolean) => entries.flatMap((e) => (e.isFolder === isFolder ? [`${folder}/${e.name}`] : []));
  return [...named(false).sort(), ...named(true).sort().flatMap(filesBelow)];
}
