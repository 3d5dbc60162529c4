// Modules on the interpreter.
import { onTarget } from "../targets.js";
import { moduleSuite } from "./suite.js";

onTarget("interpreter", moduleSuite);
