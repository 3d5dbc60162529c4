// For each error that a docstring of gradus/optim names, a call that throws it.
import { zeros } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import type { ThrownErrors } from "./types.js";

const param = (...shape: number[]) => new nn.Parameter(zeros(shape));
const one = () => [param(2)];
const sgd = (options: Partial<optim.SGDOptions> = {}) => new optim.SGD(one(), { lr: 0.1, ...options });
const argument = (call: () => unknown) => ({ ArgumentError: call });

/** Adam with something to save. */
function stepped(...shape: number[]): optim.Adam {
  const p = param(...shape);
  const optimizer = new optim.Adam([p]);
  p.sum().backward();
  optimizer.step();
  return optimizer;
}

function unscaled(): { scaler: optim.GradScaler; optimizer: optim.SGD } {
  const p = param(2);
  const [scaler, optimizer] = [new optim.GradScaler(), new optim.SGD([p], { lr: 0.1 })];
  scaler.scale(p.sum()).backward();
  scaler.unscale_(optimizer);
  return { scaler, optimizer };
}

const optimizers: ThrownErrors = {
  Optimizer: argument(() => new optim.SGD([])),
  "Optimizer.addParamGroup": argument(() => {
    const [p] = one() as [nn.Parameter];
    new optim.SGD([p]).addParamGroup({ params: [p] });
  }),
  "Optimizer.loadStateDict": {
    ...argument(() => sgd().loadStateDict({ state: {}, paramGroups: [] })),
    ShapeError: () => stepped(2).loadStateDict(stepped(3).stateDict()),
  },
  SGD: argument(() => sgd({ nesterov: true })),
  Adam: argument(() => new optim.Adam(one(), { betas: [0.9, 1] })),
  AdamW: argument(() => new optim.AdamW(one(), { weightDecay: -1 })),
  Adamax: argument(() => new optim.Adamax(one(), { eps: -1 })),
  Adadelta: argument(() => new optim.Adadelta(one(), { rho: 2 })),
  Adafactor: argument(() => new optim.Adafactor(one(), { d: 0.5 })),
  Adagrad: argument(() => new optim.Adagrad(one(), { lrDecay: -1 })),
  ASGD: argument(() => new optim.ASGD(one(), { lambd: -1 })),
  Lion: argument(() => new optim.Lion([one()[0]?.mul(2) as never])),
  Muon: argument(() => new optim.Muon(one())),
  NAdam: argument(() => new optim.NAdam(one(), { momentumDecay: -1 })),
  RAdam: argument(() => new optim.RAdam(one(), { lr: Number.NaN })),
  RMSprop: argument(() => new optim.RMSprop(one(), { alpha: -1 })),
  Rprop: argument(() => new optim.Rprop(one(), { etas: [1, 2] })),
  LBFGS: argument(() => new optim.LBFGS([{ params: one() }, { params: one() }])),
};

const schedules: ThrownErrors = {
  LRScheduler: argument(() => new optim.StepLR(3 as never, 2)),
  "LRScheduler.step": argument(() => {
    const optimizer = sgd();
    const schedule = new optim.StepLR(optimizer, 2);
    optimizer.addParamGroup({ params: one() });
    schedule.step();
  }),
  "LRScheduler.loadStateDict": argument(() => new optim.StepLR(sgd(), 2).loadStateDict({ lastEpoch: 0.5 } as never)),
  StepLR: argument(() => new optim.StepLR(sgd(), 0)),
  MultiStepLR: argument(() => new optim.MultiStepLR(sgd(), 3 as never)),
  ExponentialLR: argument(() => new optim.ExponentialLR(sgd(), "a" as never)),
  ConstantLR: argument(() => new optim.ConstantLR(sgd(), { factor: 2 })),
  LinearLR: argument(() => new optim.LinearLR(sgd(), { startFactor: 0 })),
  CosineAnnealingLR: argument(() => new optim.CosineAnnealingLR(sgd(), 0.5)),
  PolynomialLR: argument(() => new optim.PolynomialLR(sgd(), { totalIters: 0 })),
  LambdaLR: argument(() => new optim.LambdaLR(sgd(), [])),
  MultiplicativeLR: argument(() => new optim.MultiplicativeLR(sgd(), [])),
  SequentialLR: argument(() => {
    const optimizer = sgd();
    return new optim.SequentialLR(optimizer, [new optim.StepLR(optimizer, 2)], [3]);
  }),
  ChainedScheduler: argument(() => new optim.ChainedScheduler([])),
  CyclicLR: argument(() => new optim.CyclicLR(sgd(), [0.1, 0.2], 1)),
  OneCycleLR: argument(() => new optim.OneCycleLR(sgd({ momentum: 0.9 }), 1, { totalSteps: 0 })),
  CosineAnnealingWarmRestarts: argument(() => new optim.CosineAnnealingWarmRestarts(sgd(), 0)),
  "CosineAnnealingWarmRestarts.step": argument(() => new optim.CosineAnnealingWarmRestarts(sgd(), 2).step(-1)),
  SWALR: argument(() => new optim.SWALR(sgd(), [0.1, 0.2])),
  ReduceLROnPlateau: argument(() => new optim.ReduceLROnPlateau(sgd(), { factor: 1 })),
  "ReduceLROnPlateau.step": argument(() => new optim.ReduceLROnPlateau(sgd()).step("x" as never)),
  "ReduceLROnPlateau.loadStateDict": argument(() =>
    new optim.ReduceLROnPlateau(sgd()).loadStateDict({ factor: 2 } as never),
  ),
};

const others: ThrownErrors = {
  getEmaAvgFn: argument(() => optim.getEmaAvgFn(2)),
  updateBn: argument(() => optim.updateBn(3 as never, new nn.BatchNorm1d(2))),
  AveragedModel: argument(() => new optim.AveragedModel(3 as never)),
  "AveragedModel.updateParameters": argument(() => {
    const averaged = new optim.AveragedModel<nn.Module>(new nn.Linear(2, 2));
    averaged.updateParameters(new nn.Linear(2, 2, { bias: false }));
  }),
  GradScaler: argument(() => new optim.GradScaler({ growthFactor: 1 })),
  "GradScaler.setGrowthFactor": argument(() => new optim.GradScaler().setGrowthFactor(1)),
  "GradScaler.setBackoffFactor": argument(() => new optim.GradScaler().setBackoffFactor(1)),
  "GradScaler.setGrowthInterval": argument(() => new optim.GradScaler().setGrowthInterval(0)),
  "GradScaler.scale": argument(() => new optim.GradScaler().scale([3 as never])),
  "GradScaler.unscale_": argument(() => {
    const { scaler, optimizer } = unscaled();
    scaler.unscale_(optimizer);
  }),
  "GradScaler.step": argument(() => {
    const { scaler, optimizer } = unscaled();
    scaler.step(optimizer);
    scaler.step(optimizer);
  }),
  "GradScaler.update": argument(() => new optim.GradScaler().update()),
  "GradScaler.loadStateDict": argument(() => new optim.GradScaler().loadStateDict({})),
};

export const optimErrors: ThrownErrors = { ...optimizers, ...schedules, ...others };
