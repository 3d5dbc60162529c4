// Optimizers on two small parameters, as test/fixtures/optimizer-state.py has them: what they have after some steps.
import { arange, type Tensor } from "gradus";
import * as optim from "gradus/optim";

const numbers = (shape: readonly number[], start: number): Tensor => {
  const count = shape.reduce((n, size) => n * size, 1);
  return arange(count, { dtype: "float64" }).mul(1.7).add(start).sin().reshape(shape);
};

type Make = (params: Tensor[]) => optim.Optimizer;

export const optimizers: Readonly<Record<string, Make>> = {
  SGD: (params) => new optim.SGD(params, { lr: 0.05, momentum: 0.9 }),
  Adam: (params) => new optim.Adam(params, { lr: 0.01, amsgrad: true, weightDecay: 0.1 }),
  AdamW: (params) => new optim.AdamW(params, { lr: 0.01 }),
  Adamax: (params) => new optim.Adamax(params),
  NAdam: (params) => new optim.NAdam(params, { lr: 0.01 }),
  RAdam: (params) => new optim.RAdam(params, { lr: 0.01 }),
  Adagrad: (params) => new optim.Adagrad(params, { lrDecay: 0.1 }),
  Adadelta: (params) => new optim.Adadelta(params),
  RMSprop: (params) => new optim.RMSprop(params, { momentum: 0.5, centered: true }),
  Rprop: (params) => new optim.Rprop(params),
  ASGD: (params) => new optim.ASGD(params),
  Adafactor: (params) => new optim.Adafactor(params),
  Muon: ([w]) => new optim.Muon([w as Tensor]),
  LBFGS: (params) => new optim.LBFGS(params, { lr: 0.5, maxIter: 4 }),
};

export const newParams = (): Tensor[] => [
  numbers([3, 2], 0.3).detach().requiresGrad_(),
  numbers([2], 1.1).detach().requiresGrad_(),
];

/** Steps from `from` up to `to`. */
export function train(optimizer: optim.Optimizer, [w, b]: readonly Tensor[], from: number, to: number): void {
  for (let t = from; t < to; t++) {
    optimizer.step(() => {
      optimizer.zeroGrad();
      const x = numbers([3, 2], t);
      const loss = (w as Tensor)
        .mul(x)
        .sub(0.2)
        .square()
        .sum()
        .add((b as Tensor).sub(0.3).pow(4).sum());
      loss.backward();
      return loss;
    });
  }
}
