// Layers that move elements between channels and space.
import { noMore } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkCounts } from "./checks.js";
import * as F from "./functional.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/**
 * Moves blocks of channels into space. Shi et al., 2016, arXiv:1609.05158.
 *
 * Shapes: `[…, C·r², H, W]` → `[…, C, H·r, W·r]`, with r = `upscaleFactor`.
 * @throws ArgumentError if `upscaleFactor` is no integer >= 1.
 * @throws ShapeError if the input has fewer than 3 dims, or its channels are no multiple of r².
 * @example new nn.PixelShuffle(3)(randn([1, 9, 4, 4])).shape // [1, 1, 12, 12]
 */
export class PixelShuffle extends Module {
  constructor(
    /** How many times larger height and width become, r. */
    readonly upscaleFactor: number,
    ...surplus: []
  ) {
    super();
    noMore("PixelShuffle", surplus);
    checkCounts("PixelShuffle", { upscaleFactor });
  }

  forward(input: Tensor): Tensor {
    return F.pixelShuffle(input, this.upscaleFactor);
  }

  override extraRepr(): string {
    return printArguments({ upscaleFactor: this.upscaleFactor });
  }
}

/**
 * Moves blocks of space into channels, the inverse of PixelShuffle.
 *
 * Shapes: `[…, C, H·r, W·r]` → `[…, C·r², H, W]`, with r = `downscaleFactor`.
 * @throws ArgumentError if `downscaleFactor` is no integer >= 1.
 * @throws ShapeError if the input has fewer than 3 dims, or height and width are no multiples of r.
 * @example new nn.PixelUnshuffle(3)(randn([1, 1, 12, 12])).shape // [1, 9, 4, 4]
 */
export class PixelUnshuffle extends Module {
  constructor(
    /** How many times smaller height and width become, r. */
    readonly downscaleFactor: number,
    ...surplus: []
  ) {
    super();
    noMore("PixelUnshuffle", surplus);
    checkCounts("PixelUnshuffle", { downscaleFactor });
  }

  forward(input: Tensor): Tensor {
    return F.pixelUnshuffle(input, this.downscaleFactor);
  }

  override extraRepr(): string {
    return printArguments({ downscaleFactor: this.downscaleFactor });
  }
}

/**
 * Interleaves groups of channels: `[G, C/G]` becomes `[C/G, G]`. Zhang et al., 2018, arXiv:1707.01083.
 *
 * Shapes: `[N, C, …]` of 3 dims or more → the same.
 * @throws ArgumentError if `groups` is no integer >= 1.
 * @throws ShapeError if the input has fewer than 3 dims, or `groups` does not divide its channels.
 * @example new nn.ChannelShuffle(2)(tensor([[[1], [2], [3], [4]]])) // [[[1], [3], [2], [4]]]
 */
export class ChannelShuffle extends Module {
  constructor(
    /** Number of groups the channels are in. */
    readonly groups: number,
    ...surplus: []
  ) {
    super();
    noMore("ChannelShuffle", surplus);
    checkCounts("ChannelShuffle", { groups });
  }

  forward(input: Tensor): Tensor {
    return F.channelShuffle(input, this.groups);
  }

  override extraRepr(): string {
    return printArguments({ groups: this.groups });
  }
}
