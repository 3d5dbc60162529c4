// What the files below the Module class need to know of it.
import type { Tensor } from "../tensor/index.js";
import type { Parameter } from "./parameter.js";

/** A module, whatever its forward takes. */
export interface AnyModule {
  training: boolean;
  forward(...args: never[]): unknown;
  parameters(): Parameter[];
  modules(): AnyModule[];
  pathOf(module: AnyModule): string | null;
  describePlace(): string;
  extraRepr(): string;
  addModule(name: string, module: AnyModule | null): void;
  readonly ownFields: object;
  getExtraState?(): Tensor;
  setExtraState?(state: Tensor): void;
}
