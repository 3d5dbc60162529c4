// Ops on x64:avx2.
import { onTarget } from "../targets.js";
import { opSuite } from "./suite.js";

onTarget("x64:avx2", opSuite);
