/** What can go wrong on the device, by name. Messages say what to do. */

/** No WebGPU adapter, or none that grants a device. */
export class GpuUnavailableError extends Error {
  /** The class, for logs. */
  override name = "GpuUnavailableError";
}

/** The device is gone: driver reset, another process took it, or it was unplugged. */
export class GpuLostError extends Error {
  /** The class, for logs. */
  override name = "GpuLostError";
}

/** The device refused a call. Always a mistake in this program, never in its input. */
export class GpuValidationError extends TypeError {
  /** The class, for logs. */
  override name = "GpuValidationError";
}

/** The plan needs more than the adapter grants. */
export class GpuMemoryError extends RangeError {
  /** The class, for logs. */
  override name = "GpuMemoryError";
}

/** What was asked for needs a feature that the adapter does not offer. */
export class GpuFeatureError extends TypeError {
  /** The class, for logs. */
  override name = "GpuFeatureError";
}

/** A kernel's WGSL does not compile; the message carries kernel, line, column and source line. */
export class WgslError extends SyntaxError {
  /** The class, for logs. */
  override name = "WgslError";
}
