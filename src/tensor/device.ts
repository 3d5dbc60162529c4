// Devices that users name. The CPU is there; asking for another says why it is not.
import { DeviceError, shownValue } from "../base/index.js";
import type { Device } from "../graph/index.js";

const reason = "this version of Gradus computes on the CPU only";

/** The GPU as a device: whether it can be used, and why not. */
export const gpu = {
  /** `const device = (await gpu.isAvailable()) ? "gpu" : "cpu"`. */
  async isAvailable(): Promise<boolean> {
    return false;
  },
  /** Why `isAvailable()` is false; null if it is true. */
  async unavailableReason(): Promise<string | null> {
    return reason;
  },
} as const;

export function isDevice(value: unknown): value is Device {
  return typeof value === "string" && /^(cpu|gpu|gpu:\d+)$/.test(value);
}

/** The device to create or move to; throws for what is not there. */
export function checkDevice(op: string, device: unknown): Device {
  if (device === undefined || device === "cpu") return "cpu";
  if (isDevice(device)) {
    throw new DeviceError(
      `${op}: device "${device}" is not available: ${reason}; use "cpu", or ask gpu.isAvailable() first`,
      {
        op,
        fix: "cpu",
      },
    );
  }
  throw new DeviceError(`${op}: unknown device ${shownValue(device)}; devices are "cpu", "gpu" and "gpu:1" …`, {
    op,
  });
}
