// The base of optimizers: param groups, state, and one step as part of the pending program.
import {
  ArgumentError,
  checkFunction,
  checkOptions,
  formatShape,
  kindsOf,
  noMore,
  ShapeError,
  shapesEqual,
  shownValue,
} from "../base/index.js";
import {
  asState,
  enableGrad,
  guarded,
  hostEffect,
  noGrad,
  quietly,
  sync,
  Tensor,
  whenComputed,
  writeUnless,
} from "../tensor/index.js";
import {
  entriesFromTorch,
  entriesOf,
  entriesToTorch,
  groupFromTorch,
  groupToTorch,
  isTorchState,
  type TorchEntries,
  type TorchOptimizerState,
} from "./torch-state.js";

/** Options every optimizer has; each param group has its own. */
export interface BaseOptions {
  /** Learning rate: what a step is multiplied by, >= 0. May be changed at any time, also by schedules. */
  lr: number;
  /** Ascend instead of descend; default false. */
  maximize: boolean;
}

/** What schedules note in a param group, as PyTorch's do, so that it is saved with the optimizer. */
export interface ScheduleNotes {
  /** The rate a schedule started from. */
  initialLr?: number;
  /** The highest rate of a OneCycleLR. */
  maxLr?: number;
  /** The last rate of a OneCycleLR. */
  minLr?: number;
  /** The highest momentum of a cycle. */
  maxMomentum?: number;
  /** The lowest momentum of a cycle. */
  baseMomentum?: number;
  /** The last rate of a SWALR. */
  swaLr?: number;
}

const scheduleNotes = {
  initialLr: "number",
  maxLr: "number",
  minLr: "number",
  maxMomentum: "number",
  baseMomentum: "number",
  swaLr: "number",
} as const satisfies Record<keyof ScheduleNotes, string>;

/** Parameters that share options. `lr` and the others may be changed at any time. */
export type ParamGroup<O extends BaseOptions = BaseOptions> = O & ScheduleNotes & { readonly params: Tensor[] };

/** A param group as users give it: options left out are the optimizer's. */
export type ParamGroupInput<O extends BaseOptions> = Partial<O> &
  Readonly<ScheduleNotes> & { readonly params: Tensor | Iterable<Tensor> };

/** What optimizers take: parameters, or param groups with options of their own. */
export type ParamsInput<O extends BaseOptions> = Iterable<Tensor> | Iterable<ParamGroupInput<O>>;

/** What an optimizer keeps of one parameter. */
export interface ParamState {
  /** Updates the parameter has had. */
  step: number;
  /** Running averages and the like. */
  readonly tensors: Record<string, Tensor>;
}

/** A parameter that has a gradient in this step. */
export interface Update {
  readonly param: Tensor;
  readonly grad: Tensor;
  readonly state: ParamState;
}

/** What `stateDict` gives: tensors share memory with the optimizer's, all else is plain data. */
export interface OptimizerState {
  /** By the parameter's number over all groups; only parameters that were updated. */
  readonly state: Readonly<Record<string, Readonly<Record<string, number | Tensor>>>>;
  /** The options of each group, with its parameters' numbers. */
  readonly paramGroups: readonly (Readonly<Record<string, unknown>> & { readonly params: readonly number[] })[];
}

/**
 * Base of optimizers. `step()` adds the update of every parameter that has a gradient to the pending graph and runs it all,
 * forward pass, backward pass and update, as one program.
 * @throws ArgumentError if an option is out of range, or the parameters are none, no leaves, or given twice.
 */
export abstract class Optimizer<O extends BaseOptions = BaseOptions> {
  /** The groups of parameters, with their options. Set `group.lr` to change a rate. */
  readonly paramGroups: ParamGroup<O>[] = [];
  protected readonly states = new Map<Tensor, ParamState>();
  private readonly optionNames: readonly string[];

  /** @param defaults - the options of groups that leave them out; its keys are the known options. */
  constructor(
    params: ParamsInput<O>,
    readonly defaults: Readonly<O>,
    ...surplus: []
  ) {
    noMore(new.target.name, surplus);
    this.optionNames = Object.keys(defaults);
    this.checkGroup(defaults);
    const inputs = typeof params === "object" && params !== null && Symbol.iterator in params ? [...params] : null;
    if (!inputs) throw this.error("takes an array of parameters or param groups: pass model.parameters()");
    if (inputs.length === 0) throw this.error("got no parameters; is the model's parameters() empty?");
    const bad = inputs.find(
      (input) => !(input instanceof Tensor) && (typeof input !== "object" || input === null || !("params" in input)),
    );
    if (bad !== undefined) throw this.error(`parameters must be tensors or groups { params }, got ${String(bad)}`);
    const areGroups = inputs.every((input) => !(input instanceof Tensor));
    for (const input of areGroups ? inputs : [{ params: inputs }]) this.addParamGroup(input as ParamGroupInput<O>);
  }

  /** New state of a parameter. Made with the group, so that a compiled step finds it there. */
  protected abstract newTensors(param: Tensor, group: ParamGroup<O>): Record<string, Tensor>;

  /** Writes the parameters' and the states' new values. Every `state.step` counts this step already. */
  protected abstract update(group: ParamGroup<O>, updates: readonly Update[]): void;

  /** Throws ArgumentError for options out of range. */
  protected checkGroup(options: Readonly<O>): void {
    this.checkAtLeastZero("lr", options.lr);
  }

  protected checkAtLeastZero(name: string, value: number): void {
    if (typeof value === "number" && value >= 0) return;
    throw this.error(`${name} must be >= 0, got ${typeof value === "number" ? value : JSON.stringify(value)}`);
  }

  /** Decay rates of the averages of gradient and squared gradient. */
  protected checkBetas(betas: readonly [number, number]): void {
    if (Array.isArray(betas) && betas.length === 2 && betas.every((beta) => beta >= 0 && beta < 1)) return;
    throw this.error(`betas must be two numbers in [0, 1), got ${JSON.stringify(betas)}`);
  }

  protected error(text: string): ArgumentError {
    return new ArgumentError(`${this.constructor.name}: ${text}`, { op: this.constructor.name });
  }

  /**
   * Adds parameters with options of their own, such as those of a layer that is no longer frozen. Shapes: any.
   * @throws ArgumentError if an option is out of range, or a parameter is no leaf or in a group already.
   * @example optimizer.addParamGroup({ params: head.parameters(), lr: 1e-4 })
   */
  addParamGroup(input: ParamGroupInput<O>, ...surplus: []): void {
    noMore("addParamGroup", surplus);
    if (typeof input !== "object" || input === null || typeof input.params !== "object" || input.params === null) {
      throw this.error(`addParamGroup: takes a group { params: […], … }, got ${shownValue(input)}`);
    }
    const { params, ...options } = input;
    checkOptions(this.constructor.name, options, { ...kindsOf(this.defaults), ...scheduleNotes });
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    const group = {
      ...this.defaults,
      ...Object.fromEntries(given),
      params: [] as Tensor[],
    } as unknown as ParamGroup<O>;
    this.checkGroup(group);
    for (const param of params instanceof Tensor ? [params] : params) {
      this.checkParam(param, group.params);
      group.params.push(param);
    }
    this.paramGroups.push(group);
    for (const param of group.params) if (param.requiresGrad) this.stateOf(param, group);
  }

  private checkParam(param: unknown, group: readonly Tensor[]): void {
    if (!(param instanceof Tensor)) throw this.error(`parameters must be tensors, got ${typeof param}`);
    if (!param.isLeaf) {
      throw this.error(
        `cannot optimize a tensor that is the result of an operation (shape ${formatShape(param.shape)})`,
      );
    }
    if (group.includes(param) || this.paramGroups.some(({ params }) => params.includes(param))) {
      throw this.error(`a parameter of shape ${formatShape(param.shape)} is given twice`);
    }
  }

  private stateOf(param: Tensor, group: ParamGroup<O>): ParamState {
    const known = this.states.get(param);
    if (known) return known;
    const state = { step: 0, tensors: quietly(() => this.newTensors(param, group)) };
    for (const tensor of Object.values(state.tensors)) asState(tensor);
    this.states.set(param, state);
    return state;
  }

  /**
   * Updates the parameters that have a gradient, and runs the pending program. Errors that depend on values, such as indices out of range
   * in the forward pass, are thrown here, and then nothing has changed.
   */
  step(): void;
  /**
   * Calls the closure, then updates the parameters that have a gradient.
   * @param closure - computes the loss again, with backward(); its result is returned.
   */
  step<R>(closure: () => R): R;
  step<R>(closure?: () => R, ...surplus: []): R | undefined {
    noMore(`${this.constructor.name}.step`, surplus);
    if (closure !== undefined) checkFunction(`${this.constructor.name}.step`, "closure", closure);
    const result = closure ? enableGrad(closure) : undefined;
    noGrad(() => quietly(() => this.updateAll()));
    sync();
    return result;
  }

  /**
   * As `step()`, without effect where `skip` holds: known only when the program has run, so that a step of a GradScaler needs no program
   * of its own to look at the gradients. Shapes: `skip` `[]`, of bool.
   */
  stepUnless(skip: Tensor): void {
    noGrad(() => quietly(() => writeUnless(skip, () => this.updateAll())));
    sync();
    const counted = this.paramGroups.flatMap(({ params }) =>
      params.flatMap((param) => (param.grad ? (this.states.get(param) ?? []) : [])),
    );
    whenComputed([skip], ([isSkipped]) => {
      if (isSkipped) for (const state of counted) state.step--; // what the skipped step counted
    });
  }

  private updateAll(): void {
    for (const group of this.paramGroups) {
      const updates: Update[] = [];
      const maximize = guarded(() => group.maximize);
      for (const param of group.params) {
        const { grad } = param;
        if (grad) updates.push({ param, grad: maximize ? grad.neg() : grad, state: this.stateOf(param, group) });
      }
      if (updates.length === 0) continue;
      const count = (by: number) => {
        for (const { state } of updates) state.step += by;
      };
      hostEffect(
        () => count(1),
        () => count(-1),
      );
      this.update(group, updates);
    }
  }

  /** Drops the gradients, or sets them to zero with `setToNone: false`. */
  zeroGrad(options: { readonly setToNone?: boolean } = {}, ...surplus: []): void {
    noMore("zeroGrad", surplus);
    checkOptions("zeroGrad", options, { setToNone: "flag" });
    for (const { params } of this.paramGroups) {
      for (const param of params) {
        // Set without a look: a compiled step then serves whether or not there was a gradient before.
        if (options.setToNone ?? true) param.grad = null;
        else noGrad(() => param.grad?.zero_());
      }
    }
  }

  /** Options and state, for checkpoints. Parameters are numbers, in the order they were given. */
  stateDict(): OptimizerState {
    const all = this.paramGroups.flatMap(({ params }) => params);
    const state: Record<string, Record<string, number | Tensor>> = {};
    all.forEach((param, i) => {
      const own = this.states.get(param);
      if (!own || own.step === 0) return;
      const tensors = Object.entries(own.tensors).map(([name, value]) => [name, value.detach()] as const);
      state[i] = { step: own.step, ...Object.fromEntries(tensors) };
    });
    let next = 0;
    const paramGroups = this.paramGroups.map(({ params, ...options }) => ({
      ...structuredClone(options),
      params: params.map(() => next++),
    }));
    return { state, paramGroups };
  }

  /**
   * The state as PyTorch's optimizer of the same name has it, for files: `saveTorch("optimizer.pt", optimizer.torchStateDict())` writes
   * what `optimizer.load_state_dict(torch.load("optimizer.pt"))` takes there.
   */
  torchStateDict(): TorchOptimizerState {
    const { state, paramGroups } = this.stateDict();
    const entries = Object.entries(state).map(([key, saved]) => [Number(key), this.entriesToTorch(saved)] as const);
    return { state: new Map(entries), param_groups: paramGroups.map((group) => this.groupToTorch(group)) };
  }

  /** The options of a group, as PyTorch's optimizer has them. */
  protected groupToTorch(options: TorchEntries): TorchEntries {
    return groupToTorch(options);
  }

  /** What is kept of a parameter, as PyTorch's optimizer has it. */
  protected entriesToTorch(saved: Readonly<Record<string, number | Tensor>>): TorchEntries {
    return entriesToTorch(saved);
  }

  /** The inverse of `entriesToTorch`; null where there is nothing yet. */
  protected entriesFromTorch(entries: TorchEntries): Record<string, number | Tensor> | null {
    return entriesFromTorch(entries);
  }

  /** A state in the form of `stateDict`, from that or from PyTorch's. */
  protected ownState(state: OptimizerState | TorchOptimizerState): OptimizerState {
    if (!isTorchState(state)) return state;
    const known = [...this.optionNames, ...Object.keys(scheduleNotes)];
    const entries = entriesOf(state.state).flatMap(([key, saved]) => {
      const own = this.entriesFromTorch(saved);
      return own ? [[key, own] as const] : [];
    });
    const paramGroups = state.param_groups.map((group) => ({
      ...groupFromTorch(group, known),
      params: group.params as readonly number[],
    }));
    return { state: Object.fromEntries(entries), paramGroups };
  }

  /**
   * Takes over options and state of an optimizer with the same groups; values are copied and cast to the parameters' dtypes. Also the
   * state of PyTorch's optimizer of the same name, as its files hold it.
   * @throws ArgumentError if the groups or what is kept of a parameter differ; nothing is changed then.
   * @throws ShapeError if a tensor of the state has another shape; nothing is changed then.
   * @example optimizer.loadStateDict((await loadTorch("optimizer.pt")) as TorchOptimizerState)
   */
  loadStateDict(given: OptimizerState | TorchOptimizerState): void {
    const state = this.ownState(given);
    this.checkState(state);
    const all = this.paramGroups.flatMap((group) => group.params.map((param) => ({ param, group })));
    this.paramGroups.forEach((group, i) => {
      const { params: _params, ...options } = state.paramGroups[i] as OptimizerState["paramGroups"][number];
      Object.assign(group, structuredClone(options));
    });
    all.forEach(({ param, group }, i) => {
      const saved = state.state[i];
      const own = saved || this.states.has(param) ? this.stateOf(param, group) : null;
      if (!own) return;
      own.step = (saved?.step as number | undefined) ?? 0;
      noGrad(() => {
        const values = saved ?? this.newTensors(param, group);
        for (const [name, value] of Object.entries(own.tensors)) value.copy_(values[name] as Tensor);
      });
    });
  }

  private checkState(state: OptimizerState): void {
    if (!Array.isArray(state?.paramGroups) || typeof state.state !== "object") {
      throw this.error("loadStateDict: takes what stateDict() gave, { state, paramGroups }");
    }
    const have = this.paramGroups.map(({ params }) => params.length);
    const given = state.paramGroups.map(({ params }) => params.length);
    if (!shapesEqual(have, given)) {
      throw this.error(
        `loadStateDict: the state has param groups of [${given.join(", ")}] parameters, the optimizer [${have.join(", ")}]`,
      );
    }
    const all = this.paramGroups.flatMap((group) => group.params.map((param) => ({ param, group })));
    for (const [key, saved] of Object.entries(state.state)) {
      const place = all[Number(key)];
      if (!place) throw this.error(`loadStateDict: the state has a parameter ${key} of ${all.length}`);
      for (const [name, own] of Object.entries(this.stateOf(place.param, place.group).tensors)) {
        const value = saved[name];
        if (!(value instanceof Tensor)) throw this.error(`loadStateDict: parameter ${key} lacks ${name}`);
        if (shapesEqual(value.shape, own.shape)) continue;
        throw new ShapeError(
          `${this.constructor.name}: loadStateDict: ${name} of parameter ${key} has shape ${formatShape(value.shape)} but ${formatShape(own.shape)} is needed`,
          { op: "loadStateDict", shapes: [value.shape, own.shape] },
        );
      }
    }
  }
}

/**
 * A group's options but for the rate, as constants of the program: a compiled step is traced anew when one changes.
 * @param scheduled - further options that the optimizer takes as run-time numbers, because schedules move them.
 */
export function constants<O extends BaseOptions>(
  group: ParamGroup<O>,
  scheduled: readonly (keyof O & string)[] = [],
): Readonly<O> {
  const excluded: readonly string[] = ["params", "lr", ...Object.keys(scheduleNotes), ...scheduled];
  for (const [name, value] of Object.entries(group)) {
    if (excluded.includes(name)) continue;
    // Arrays (betas) are compared by their parts.
    const parts = Array.isArray(value) ? value.keys() : [null];
    for (const part of parts) {
      guarded(() => {
        const now = group[name as keyof O];
        return part === null ? now : (now as readonly unknown[])[part];
      });
    }
  }
  return group;
}

/** The defaults, except where `options` has a value. */
export function withDefaults<O extends object>(defaults: O, options: Partial<O>): O {
  return { ...defaults, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) };
}
