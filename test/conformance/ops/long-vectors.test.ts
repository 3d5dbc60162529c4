// Ops on the target of long vectors.
import { LONG_VECTORS, onTarget } from "../targets.js";
import { opSuite } from "./suite.js";

onTarget(LONG_VECTORS, opSuite);
