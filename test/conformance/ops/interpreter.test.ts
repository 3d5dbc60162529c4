// Ops on the interpreter, as functions and as methods.
import { onTarget } from "../targets.js";
import { methodSuite, opSuite } from "./suite.js";

onTarget("interpreter", (target) => {
  opSuite(target);
  methodSuite();
});
