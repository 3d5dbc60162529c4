// The libraries that can be measured beside Gradus. Each is a program of bench/peers, started where it can be.
import { type Answer, Side, SideError } from "./side.js";

interface Program {
  readonly name: string;
  readonly script: string;
  /** What it needs, for the line that says that it is absent. */
  readonly needs: string;
}

const python = "a Python in GRADUS_PYTHON (else python3) that has";
const programs = {
  pytorch: { name: "PyTorch", script: "pytorch.py", needs: `${python} torch and torchvision` },
  onnxruntime: {
    name: "ONNX Runtime",
    script: "onnx_runtime.py",
    needs: `${python} onnxruntime, onnx and torchvision`,
  },
  openvino: { name: "OpenVINO", script: "open_vino.py", needs: `${python} openvino, onnx and torchvision` },
  jax: { name: "JAX", script: "jax_xla.py", needs: `${python} jax` },
  openblas: { name: "OpenBLAS", script: "open-blas.mjs", needs: "koffi and the system's libopenblas.so.0" },
  tfjs: {
    name: "TensorFlow.js",
    script: "tfjs.mjs",
    needs: "a folder in GRADUS_PEERS with @tensorflow/tfjs and @tensorflow/tfjs-backend-wasm",
  },
  jaxjs: { name: "jax-js", script: "jax-js.mjs", needs: "a folder in GRADUS_PEERS with @jax-js/jax" },
} as const satisfies Record<string, Program>;

export type PeerName = keyof typeof programs;
export const peerNames = Object.keys(programs) as readonly PeerName[];

export interface StartedPeer {
  readonly side: Side;
  /** Name and version. */
  readonly label: string;
}

const absent = new Set<PeerName>();

/** Starts a peer's program, or another of its scripts; null, with the reason printed once, where it cannot be. */
export async function startPeer(
  peer: PeerName,
  threads: number,
  { script = programs[peer].script as string, args: more = [] }: { script?: string; args?: readonly string[] } = {},
): Promise<StartedPeer | null> {
  if (absent.has(peer)) return null;
  const { name, needs } = programs[peer];
  const command = script.endsWith(".py") ? process.env.GRADUS_PYTHON || "python3" : process.execPath;
  try {
    const args = [`bench/peers/${script}`, ...more, "--threads", String(threads)];
    const { side, ready } = await Side.start(name, command, args);
    return { side, label: labelOf(ready) };
  } catch (error) {
    if (!(error instanceof SideError)) throw error;
    absent.add(peer);
    console.log(`${name} is absent (${error.message}); it needs ${needs}.`);
    return null;
  }
}

/** `PyTorch 2.15.0`, without what its build adds to the version. */
export function labelOf({ peer, version }: Answer): string {
  return `${peer} ${String(version).replace(/\+.*/, "")}`;
}
