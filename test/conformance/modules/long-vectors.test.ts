// Modules on the target of long vectors.
import { LONG_VECTORS, onTarget } from "../targets.js";
import { moduleSuite } from "./suite.js";

onTarget(LONG_VECTORS, moduleSuite);
