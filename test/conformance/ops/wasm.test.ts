// Ops on wasm.
import { onTarget } from "../targets.js";
import { opSuite } from "./suite.js";

onTarget("wasm", opSuite);
