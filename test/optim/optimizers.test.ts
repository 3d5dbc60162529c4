// Optimizers against the papers' formulas in float64, and their handling of groups and state.
import { noGrad, ones, tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { describe, expect, test } from "vitest";

/** Gradients of five steps of one number. */
const gradients = [0.5, -1, 2, 0.25, -0.75];

function parameter(value: number, dtype: "float32" | "float64" = "float64"): nn.Parameter {
  return new nn.Parameter(tensor([value], { dtype }));
}

/** Runs the five gradients through an optimizer; the parameter after each step. */
function run(make: (params: nn.Parameter[]) => optim.Optimizer): number[] {
  const p = parameter(1);
  const optimizer = make([p]);
  return gradients.map((g) => {
    p.grad = tensor([g], { dtype: "float64" });
    optimizer.step();
    return p.item() as number;
  });
}

/** The same by a formula: gets gradient, parameter and step number, gives the new parameter. */
function expected(formula: (g: number, theta: number, t: number) => number): number[] {
  let theta = 1;
  return gradients.map((g, i) => (theta = formula(g, theta, i + 1)));
}

function expectClose(actual: readonly number[], wanted: readonly number[]): void {
  // float64 on both sides, some ten roundings a step.
  actual.forEach((x, i) => {
    expect(x).toBeCloseTo(wanted[i] as number, 12);
  });
}

describe("SGD", () => {
  test("given only a rate, it subtracts lr · gradient", () => {
    expectClose(
      run((p) => new optim.SGD(p, { lr: 0.1 })),
      expected((g, theta) => theta - 0.1 * g),
    );
  });

  test("given momentum, dampening and weight decay, it follows the recurrence; the first gradient is not damped", () => {
    let b = 0;
    const formula = (gradient: number, theta: number, t: number) => {
      const g = gradient + 0.01 * theta;
      b = t === 1 ? g : 0.9 * b + (1 - 0.3) * g;
      return theta - 0.1 * b;
    };
    const options = { lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.01 };
    expectClose(
      run((p) => new optim.SGD(p, options)),
      expected(formula),
    );
  });

  test("given nesterov and maximize, it looks ahead and ascends", () => {
    let b = 0;
    const formula = (gradient: number, theta: number) => {
      const g = -gradient;
      b = 0.9 * b + g;
      return theta - 0.1 * (g + 0.9 * b);
    };
    const options = { lr: 0.1, momentum: 0.9, nesterov: true, maximize: true };
    expectClose(
      run((p) => new optim.SGD(p, options)),
      expected(formula),
    );
  });

  test("given nesterov without momentum, it throws", () => {
    expect(() => new optim.SGD([parameter(1)], { nesterov: true })).toThrow(
      "SGD: nesterov needs momentum > 0 and dampening = 0",
    );
  });
});

/** Adam by the papers' formulas. */
function adam({ lr = 0.01, weightDecay = 0, decoupled = false, amsgrad = false } = {}) {
  let [m, v, largest] = [0, 0, 0];
  return (gradient: number, theta: number, t: number) => {
    const g = decoupled ? gradient : gradient + weightDecay * theta;
    const start = decoupled ? theta * (1 - lr * weightDecay) : theta;
    m = 0.8 * m + 0.2 * g;
    v = 0.95 * v + 0.05 * g * g;
    largest = Math.max(largest, v);
    const root = Math.sqrt((amsgrad ? largest : v) / (1 - 0.95 ** t));
    return start - (lr * (m / (1 - 0.8 ** t))) / (root + 1e-8);
  };
}

describe("Adam and AdamW", () => {
  const base = { lr: 0.01, betas: [0.8, 0.95] } as const;

  test("given gradients, Adam follows the paper", () => {
    expectClose(
      run((p) => new optim.Adam(p, base)),
      expected(adam()),
    );
  });

  test("given weight decay and amsgrad, Adam adds it to the gradient and divides by the largest average", () => {
    const options = { weightDecay: 0.1, amsgrad: true };
    expectClose(
      run((p) => new optim.Adam(p, { ...base, ...options })),
      expected(adam(options)),
    );
  });

  test("given weight decay, AdamW shrinks the weights instead; its default is 0.01", () => {
    const wanted = expected(adam({ weightDecay: 0.01, decoupled: true }));
    expectClose(
      run((p) => new optim.AdamW(p, base)),
      wanted,
    );
  });

  test("given a rate changed between steps, the next step uses it", () => {
    const p = parameter(1);
    const optimizer = new optim.SGD([p], { lr: 0.1 });
    for (const lr of [0.1, 0.5]) {
      optimizer.paramGroups[0]!.lr = lr;
      p.grad = tensor([1], { dtype: "float64" });
      optimizer.step();
    }
    expect(p.item()).toBeCloseTo(0.4, 12);
  });

  test("given a parameter without gradient, it is left alone and its steps do not count", () => {
    const [p, q] = [parameter(1), parameter(1)];
    const optimizer = new optim.Adam([p, q], base);
    p.grad = tensor([1], { dtype: "float64" });
    optimizer.step();
    q.grad = tensor([1], { dtype: "float64" });
    optimizer.step();
    expect(q.item()).toBeCloseTo(0.99, 6); // a first step has length lr
    expect(Object.values(optimizer.stateDict().state).map(({ step }) => step)).toEqual([2, 1]);
  });
});

describe("a step", () => {
  test("given loss and outputs read afterwards, they are from before the update", () => {
    const model = new nn.Linear(1, 1, { bias: false });
    noGrad(() => model.weight.fill_(2));
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const output = model(ones([1, 1]));
    const loss = output.sum();
    loss.backward();
    optimizer.step();
    expect(output.item()).toBe(2);
    expect(loss.item()).toBe(2);
    expect(model.weight.grad!.item()).toBe(1);
    expect(model.weight.item()).toBeCloseTo(1.9, 6);
  });

  test("given a closure, it is run with gradients and its value returned", () => {
    const p = parameter(1);
    const optimizer = new optim.SGD([p], { lr: 1 });
    const loss = noGrad(() =>
      optimizer.step(() => {
        optimizer.zeroGrad();
        const value = p.mul(3).sum();
        value.backward();
        return value;
      }),
    );
    expect(loss.item()).toBe(3);
    expect(p.item()).toBe(-2);
  });

  test("given zeroGrad, gradients are null, or zeros with setToNone: false", () => {
    const p = parameter(1);
    const optimizer = new optim.SGD([p], {});
    p.mul(3).sum().backward();
    optimizer.zeroGrad({ setToNone: false });
    expect(p.grad!.toArray()).toEqual([0]);
    optimizer.zeroGrad();
    expect(p.grad).toBe(null);
  });

  test("given fifty steps on a small regression, the loss falls", () => {
    const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1));
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 });
    const x = tensor([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    const y = tensor([[0], [1], [1], [0]]);
    const criterion = new nn.MSELoss();
    const losses: number[] = [];
    for (let i = 0; i < 50; i++) {
      const loss = criterion(model(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      losses.push(loss.item() as number);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  });
});

describe("param groups", () => {
  test("given groups, each has its own options and the rest are defaults", () => {
    const [p, q] = [parameter(1), parameter(1)];
    const optimizer = new optim.SGD([{ params: [p], lr: 1 }, { params: q }], { lr: 0.1, momentum: 0.5 });
    expect(optimizer.paramGroups.map(({ lr, momentum }) => [lr, momentum])).toEqual([
      [1, 0.5],
      [0.1, 0.5],
    ]);
    for (const x of [p, q]) x.grad = tensor([1], { dtype: "float64" });
    optimizer.step();
    expect([p.item(), q.item()]).toEqual([0, 0.9]);
  });

  test("given addParamGroup, later steps update it too", () => {
    const [p, q] = [parameter(1), parameter(1)];
    const optimizer = new optim.SGD([p], { lr: 0.5 });
    optimizer.addParamGroup({ params: [q], lr: 0.25 });
    q.grad = tensor([1], { dtype: "float64" });
    optimizer.step();
    expect(q.item()).toBe(0.75);
  });

  test.each([
    [() => new optim.SGD([]), "SGD: got no parameters; is the model's parameters() empty?"],
    [
      () => new optim.Adam(new nn.Linear(1, 1) as never),
      "Adam: takes an array of parameters or param groups: pass model.parameters()",
    ],
    [() => new optim.SGD([parameter(1)], { lr: -1 }), "SGD: lr must be >= 0, got -1"],
    [
      () => new optim.Adam([parameter(1)], { betas: [0.9, 1] }),
      "Adam: betas must be two numbers in [0, 1), got [0.9,1]",
    ],
    [
      () => new optim.Adam([parameter(1)], { learningRate: 1 } as object),
      'Adam: unknown option "learningRate"; one of lr, betas, eps, weightDecay, amsgrad, maximize',
    ],
    [
      () => {
        const p = parameter(1);
        return new optim.SGD([p, p]);
      },
      "SGD: a parameter of shape [1] is given twice",
    ],
    [
      () => new optim.SGD([parameter(1).mul(2)]),
      "SGD: cannot optimize a tensor that is the result of an operation (shape [1])",
    ],
  ])("given wrong arguments %#, it throws saying what is wrong", (make, message) => {
    expect(make).toThrow(message);
  });
});

describe("state", () => {
  test("given a saved state, another optimizer goes on as the first would have", () => {
    const make = () => {
      const p = parameter(1);
      return { p, optimizer: new optim.AdamW([p], { lr: 0.1, amsgrad: true }) };
    };
    const step = ({ p, optimizer }: ReturnType<typeof make>, g: number) => {
      p.grad = tensor([g], { dtype: "float64" });
      optimizer.step();
    };
    const [first, second] = [make(), make()];
    step(first, 1);
    step(first, -2);
    noGrad(() => second.p.copy_(first.p));
    second.optimizer.loadStateDict(first.optimizer.stateDict());
    step(first, 3);
    step(second, 3);
    expect(second.p.item()).toBe(first.p.item());
    expect(second.optimizer.stateDict().paramGroups[0]).toMatchObject({ lr: 0.1, amsgrad: true, params: [0] });
  });

  test("given a state of other groups or shapes, it throws and keeps its own", () => {
    const [p, q] = [new nn.Parameter(zeros([2])), new nn.Parameter(zeros([3]))];
    const [a, b] = [new optim.Adam([p]), new optim.Adam([q])];
    p.grad = ones([2]);
    a.step();
    expect(() => b.loadStateDict(a.stateDict())).toThrow(
      "Adam: loadStateDict: expAvg of parameter 0 has shape [2] but [3] is needed",
    );
    expect(() =>
      new optim.Adam([{ params: [new nn.Parameter(zeros([1]))] }, { params: [q] }]).loadStateDict(a.stateDict()),
    ).toThrow("Adam: loadStateDict: the state has param groups of [1] parameters, the optimizer [1, 1]");
  });
});
