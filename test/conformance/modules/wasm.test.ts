// Modules on wasm.
import { onTarget } from "../targets.js";
import { moduleSuite } from "./suite.js";

onTarget("wasm", moduleSuite);
