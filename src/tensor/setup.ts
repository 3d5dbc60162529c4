// Ties the tensor layer to the graph and adds the methods. Called wherever a first tensor can come from, so that it works
// however a bundler cuts the package.
import { scopeValues } from "../base/index.js";
import { setGradModeReader, setNodeListener } from "../graph/index.js";
import { installMethods } from "./methods.js";
import { nodeCreated } from "./pending.js";

let isDone = false;

export function setup(): void {
  if (isDone) return;
  isDone = true;
  setGradModeReader(() => scopeValues().gradMode);
  setNodeListener(nodeCreated);
  installMethods();
}
