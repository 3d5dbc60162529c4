// Answers requests of every kind that several libraries are compared by: {kind, …}, as bench/peers/README.md says.
import { conv } from "./conv.js";
import type { loading } from "./loading.js";
import { matmul } from "./matmul.js";
import { inference, training } from "./networks.js";
import { pointwise } from "./pointwise.js";
import { configure, serveKinds } from "./protocol.js";

configure();
await serveKinds({
  matmul,
  conv,
  pointwise,
  inference,
  training,
  // Read when it is asked for: other checkouts may have less of the library than it needs.
  loading: async (request: Parameters<typeof loading>[0]) => (await import("./loading.js")).loading(request),
});
