// The softmax over many classes of very different frequency.
import { ArgumentError, checkOptions, formatShape, ShapeError } from "../base/index.js";
import { cat, checkTensor, type Tensor, where, zeros } from "../tensor/index.js";
import { checkCounts } from "./checks.js";
import { ModuleList, Sequential } from "./containers.js";
import { logSoftmax } from "./functional.js";
import { Linear } from "./linear.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/** Options of `AdaptiveLogSoftmaxWithLoss`. */
export interface AdaptiveLogSoftmaxOptions {
  /** By which factor each cluster's hidden size is smaller than the one before; leaves each at least 1; default 4. */
  readonly divValue?: number;
  /** Add a bias to the head; default false. */
  readonly headBias?: boolean;
}

/**
 * Classes in clusters of falling frequency: the head decides between the most frequent classes and the clusters, and each cluster
 * has a smaller projection of its own.
 *
 * Shapes: input `[N, inFeatures]`, target `[N]` → `output` `[N]`, each sample's log-probability of its target, and `loss` `[]`, their
 * negative mean (or `[inFeatures]` and `[]` → `[]` and `[]`). The classes must be numbered by falling frequency.
 *
 * With k cutoffs `head.weight` is `[cutoffs[0] + k, inFeatures]`; cluster i has `tail.i.0.weight` `[h, inFeatures]` with
 * h = ⌊inFeatures / divValue^(i + 1)⌋ and `tail.i.1.weight` `[classes of the cluster, h]`.
 * Every cluster is worked out for every sample, so that shapes do not depend on values; PyTorch picks samples by their values.
 *
 * Source: Grave et al., 2017, arXiv:1609.04309.
 * @param cutoffs - rising numbers of classes below `nClasses`: `[100, 1000]` makes a head of 100 classes and two clusters.
 * @throws ArgumentError if the cutoffs are no rising integers from 1 to below `nClasses`, a size is no integer >= 1, or `divValue` leaves a
 * cluster no hidden unit.
 * @throws ShapeError if input and target have other shapes.
 * @throws DTypeError if the target is no integer tensor.
 * @throws IndexError if a target is no class (when the loss is computed, at the latest).
 * @example const { loss } = new nn.AdaptiveLogSoftmaxWithLoss(64, 5000, [100, 1000])(hidden, labels);
 */
export class AdaptiveLogSoftmaxWithLoss extends Module {
  /** Decides between the most frequent classes and the clusters. */
  readonly head: Linear;
  /** Projection and classes of each cluster. */
  readonly tail: ModuleList<Sequential>;
  /** Where clusters end, `nClasses` last. */
  readonly cutoffs: readonly number[];

  constructor(
    /** Size of the last dim of the input. */
    readonly inFeatures: number,
    /** Classes in all. */
    readonly nClasses: number,
    cutoffs: readonly number[],
    options: AdaptiveLogSoftmaxOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    const layer = "AdaptiveLogSoftmaxWithLoss";
    checkOptions(layer, options, ["divValue", "headBias"]);
    checkCounts(layer, { inFeatures, nClasses });
    const { divValue = 4, headBias = false } = options;
    const isRising = cutoffs.every((cutoff, i) => Number.isInteger(cutoff) && cutoff > (cutoffs[i - 1] ?? 0));
    if (cutoffs.length === 0 || !isRising || (cutoffs.at(-1) as number) > nClasses - 1) {
      throw new ArgumentError(
        `${layer}: cutoffs must be rising positive integers below ${nClasses}, got [${cutoffs.join(", ")}]`,
        { op: layer },
      );
    }
    this.cutoffs = [...cutoffs, nClasses];
    this.head = new Linear(inFeatures, (cutoffs[0] as number) + cutoffs.length, { bias: headBias });
    const clusters = cutoffs.map((cutoff, i) => {
      const hidden = Math.floor(inFeatures / divValue ** (i + 1));
      if (hidden < 1) {
        throw new ArgumentError(`${layer}: divValue ${divValue} leaves cluster ${i} no hidden unit of ${inFeatures}`, {
          op: layer,
        });
      }
      const size = (this.cutoffs[i + 1] as number) - cutoff;
      return new Sequential(new Linear(inFeatures, hidden, { bias: false }), new Linear(hidden, size, { bias: false }));
    });
    this.tail = new ModuleList(clusters);
  }

  forward(input: Tensor, target: Tensor): { output: Tensor; loss: Tensor } {
    checkTensor("AdaptiveLogSoftmaxWithLoss", "input", input);
    const isBatched = input.shape.length === 2;
    this.check(input, target);
    const [x, y] = isBatched ? [input, target] : [input.unsqueeze(0), target.unsqueeze(0)];
    const shortlist = this.cutoffs[0] as number;
    const head = logSoftmax(this.head(x), 1);
    const pick = (logProbs: Tensor, index: Tensor): Tensor => logProbs.gather(1, index.unsqueeze(1)).squeeze(1);
    // Of samples whose target is elsewhere some class is read and not used.
    const first = pick(head, y.clamp(0, shortlist - 1));
    const output = this.cutoffs.slice(0, -1).reduce<Tensor>((chosen, low, i) => {
      const high = this.cutoffs[i + 1] as number;
      const own = pick(this.clusterLogProbs(i, x), y.sub(low).clamp(0, high - low - 1)).add(
        head.select(1, shortlist + i),
      );
      return where(y.ge(low), own, chosen);
    }, first);
    // A target out of range is an error of the last pick: it reads the class itself.
    const checked = output.add(pick(zeros([x.shape[0] as number, this.nClasses], { dtype: output.dtype }), y));
    return { output: isBatched ? checked : checked.squeeze(0), loss: checked.neg().mean() };
  }

  /**
   * Log-probabilities of all classes. Shapes: input `[N, inFeatures]` → `[N, nClasses]`.
   * @throws ShapeError if the input's last dim is not `inFeatures`.
   */
  logProb(input: Tensor): Tensor {
    const shortlist = this.cutoffs[0] as number;
    const head = logSoftmax(this.head(input), 1);
    const clusters = this.cutoffs.slice(0, -1).map((_, i) => {
      return this.clusterLogProbs(i, input).add(head.narrow(1, shortlist + i, 1));
    });
    return cat([head.narrow(1, 0, shortlist), ...clusters], 1);
  }

  /**
   * The most probable class of each sample. Shapes: input `[N, inFeatures]` → `[N]`, int32.
   * @throws ShapeError if the input's last dim is not `inFeatures`.
   */
  predict(input: Tensor): Tensor {
    return this.logProb(input).argmax(1);
  }

  /** Log-probabilities of the classes of a cluster, among themselves. */
  private clusterLogProbs(cluster: number, x: Tensor): Tensor {
    return logSoftmax((this.tail.at(cluster) as Sequential)(x) as Tensor, 1);
  }

  private check(input: Tensor, target: Tensor): void {
    checkTensor("AdaptiveLogSoftmaxWithLoss", "target", target);
    const rank = input.shape.length;
    const fits = (rank === 1 || rank === 2) && input.shape.at(-1) === this.inFeatures;
    if (fits && target.shape.length === rank - 1 && (rank === 1 || target.shape[0] === input.shape[0])) return;
    throw new ShapeError(
      `AdaptiveLogSoftmaxWithLoss: takes [N, ${this.inFeatures}] with targets [N], or [${this.inFeatures}] with [] (input ${formatShape(input.shape)}, target ${formatShape(target.shape)})`,
      { op: "AdaptiveLogSoftmaxWithLoss", shapes: [input.shape, target.shape] },
    );
  }

  override extraRepr(): string {
    return printArguments({ inFeatures: this.inFeatures, nClasses: this.nClasses, cutoffs: this.cutoffs });
  }
}
