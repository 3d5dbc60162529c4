// Parameters in a list, and by name.
import { ArgumentError, formatShape } from "../base/index.js";
import { Tensor } from "../tensor/index.js";
import { ItemDict, ItemList, type Named } from "./item-containers.js";
import { Parameter } from "./parameter.js";

/** Parameters are kept, tensors become parameters. */
function parameterOf(owner: string, value: Tensor, place: string): Parameter {
  if (value instanceof Parameter) return value;
  if (value instanceof Tensor) return new Parameter(value);
  throw new ArgumentError(`${owner}: parameter ${place} is ${value === null ? "null" : typeof value}, not a tensor`, {
    op: owner,
  });
}

function shown({ dtype, shape }: Parameter): string {
  return `${dtype}${formatShape(shape)}`;
}

/**
 * A list of parameters; plain tensors become parameters, of any shape. It cannot be called. (A plain array of parameters in a field
 * is found too.) State-dict keys are the positions.
 * @throws ArgumentError if something is no tensor, or if the list is called.
 * @example new nn.ParameterList([ones([2]), zeros([3])]).namedParameters().map(([name]) => name) // ["0", "1"]
 */
export class ParameterList extends ItemList<Parameter, Tensor> {
  constructor(parameters: Iterable<Tensor> = [], ...surplus: []) {
    super("ParameterList", "parameters", parameters, ...surplus);
  }

  protected override itemOf(value: Tensor, place: string): Parameter {
    return parameterOf("ParameterList", value, place);
  }

  /** The parameters from `start` up to `end`, negative ones counted from the end, as a list of the same parameters. */
  slice(start = 0, end = this.length): ParameterList {
    return new ParameterList(this.items.slice(start, end));
  }

  forward(): never {
    throw new ArgumentError(
      "ParameterList: has no forward; use its parameters in the forward of the module that holds it",
      { op: "ParameterList" },
    );
  }

  override extraRepr(): string {
    return this.items.map(shown).join(", ");
  }
}

/**
 * Parameters by name; plain tensors become parameters, of any shape. It cannot be called. (A plain object of parameters in a field is
 * found too.) State-dict keys are the names.
 * @throws ArgumentError if something is no tensor, or if it is called.
 * @example
 * const scales = new nn.ParameterDict({ left: ones([2]), right: ones([3]) });
 * scales.namedParameters().map(([name]) => name); // ["left", "right"]
 */
export class ParameterDict extends ItemDict<Parameter, Tensor> {
  constructor(parameters: Named<Tensor> = {}, ...surplus: []) {
    super("ParameterDict", "parameter", parameters, ...surplus);
  }

  protected override itemOf(value: Tensor, place: string): Parameter {
    return parameterOf("ParameterDict", value, place);
  }

  /** The parameter of a name; where there is none, that of `value` is put there first. Shapes: any → the parameter's own. */
  setDefault(name: string, value: Tensor): Parameter {
    if (!this.has(name)) this.set(name, value);
    return this.get(name);
  }

  /** A dictionary of the same parameters. */
  copy(): ParameterDict {
    return new ParameterDict(this);
  }

  forward(): never {
    throw new ArgumentError(
      "ParameterDict: has no forward; use its parameters in the forward of the module that holds it",
      { op: "ParameterDict" },
    );
  }

  override extraRepr(): string {
    return this.entries()
      .map(([name, parameter]) => `${name}=${shown(parameter)}`)
      .join(", ");
  }
}
