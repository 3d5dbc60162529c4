// Modules on x64:avx2.
import { onTarget } from "../targets.js";
import { moduleSuite } from "./suite.js";

onTarget("x64:avx2", moduleSuite);
