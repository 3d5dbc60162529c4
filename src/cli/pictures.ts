// Pictures of what a network learned: its first filters, and what they make of one image.
import { noGrad, type Tensor } from "../index.js";
import { encodePng, type GreyImage, grid, type ImageStack, stretchAroundZero, stretchEach } from "../train/index.js";
import type { DigitNetwork } from "./networks.js";

/** A tile of the picture is about this wide. */
const tilePixels = 96;

/** The filters on one scale, 0 being mid-grey. */
export function filtersPicture(network: DigitNetwork): Uint8Array {
  const filters = noGrad(() => toStack(network.filters()));
  return picture(stretchAroundZero(filters), filters);
}

/** The feature maps of an image `[1, 1, 28, 28]`, each from its least (black) to its greatest value (white). */
export function featureMapsPicture(network: DigitNetwork, image: Tensor): Uint8Array {
  const wasTraining = network.training;
  network.eval();
  const maps = noGrad(() => toStack(network.featureMaps(image)));
  network.train(wasTraining);
  // Maps of one pixel say something only beside each other.
  const images = maps.height * maps.width === 1 ? stretchAroundZero(maps) : stretchEach(maps);
  return picture(images, maps);
}

function picture(images: readonly GreyImage[], { count, width }: ImageStack): Uint8Array {
  const columns = Math.max(8, Math.ceil(Math.sqrt(count)));
  const tile = count > 64 ? tilePixels / 2 : tilePixels;
  return encodePng(grid(images, { columns, scale: Math.max(1, Math.round(tile / Math.max(width, 4))) }));
}

function toStack(tensor: Tensor): ImageStack {
  const [count, height, width] = tensor.shape as readonly [number, number, number];
  return { count, height, width, values: tensor.toTypedArray() as Float32Array };
}
