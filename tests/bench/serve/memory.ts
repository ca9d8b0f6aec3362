/**
 * What a workerd holds: V8's account through its inspector, and the system's. Every wait has a limit:
 * an inspector that does not answer costs its figures, not the benchmark.
 */

export interface HeapUsage {
  /** Objects of JavaScript, in bytes. */
  js_heap: number;
  /** ArrayBuffers: the file in the bundle, remembered logits, ONNX Runtime's keys and values. */
  buffers: number;
  /** Every WebAssembly.Memory: weights, buffers; with our kernels also keys and values. */
  webassembly: number;
}

/** Longest wait for one answer of the inspector. */
const TIMEOUT_MS = 10_000;

/**
 * Asks the isolate of the worker at `url` through its inspector at `port`, after a collection of
 * garbage. workerd may keep an answer back until the isolate has something to do: it is given that.
 */
export async function heapUsage(url: string, port: number): Promise<HeapUsage> {
  const poke = setInterval(() => {
    fetch(`${url}/healthz`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      .then((response) => response.body?.cancel()).catch(() => {});
  }, 100);
  return await inspect(port).finally(() => clearInterval(poke));
}

async function inspect(port: number): Promise<HeapUsage> {
  const limit = { signal: AbortSignal.timeout(TIMEOUT_MS) };
  const targets = await (await fetch(`http://127.0.0.1:${port}/json`, limit)).json();
  const socket = new WebSocket(targets[0].webSocketDebuggerUrl);
  try {
    await within(
      "the inspector's socket",
      new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = () => reject(new Error(`Cannot reach the inspector at port ${port}`));
      }),
    );
    let context = 0;
    socket.addEventListener("message", ({ data }) => {
      const { method, params } = JSON.parse(data);
      if (method === "Runtime.executionContextCreated") context = params.context.id;
    });
    await ask(socket, "Runtime.enable");
    await ask(socket, "HeapProfiler.collectGarbage");
    const usage = await ask(socket, "Runtime.getHeapUsage");
    return {
      js_heap: usage.usedSize as number,
      buffers: usage.backingStorageSize as number,
      webassembly: await webAssemblyBytes(socket, context),
    };
  } finally {
    socket.close();
  }
}

/** Looks up every living WebAssembly.Memory; its buffer is in no other account of V8's. */
async function webAssemblyBytes(socket: WebSocket, contextId: number): Promise<number> {
  const { result: prototype } = await ask(socket, "Runtime.evaluate", {
    expression: "WebAssembly.Memory.prototype",
    contextId,
  });
  const { objects } = await ask(socket, "Runtime.queryObjects", {
    prototypeObjectId: (prototype as RemoteObject).objectId,
  });
  const { result } = await ask(socket, "Runtime.callFunctionOn", {
    objectId: (objects as RemoteObject).objectId,
    functionDeclaration:
      "function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }",
    returnByValue: true,
  });
  return (result as RemoteObject).value;
}

interface RemoteObject {
  objectId: string;
  value: number;
}

let lastId = 0;

/** One command of the Chrome DevTools protocol. */
function ask(
  socket: WebSocket,
  method: string,
  params: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const id = ++lastId;
  const answered = new Promise<Record<string, unknown>>((resolve, reject) => {
    socket.addEventListener("message", function answer({ data }) {
      const message = JSON.parse(data);
      if (message.id !== id) return;
      socket.removeEventListener("message", answer);
      if (message.error) reject(new Error(`${method}: ${message.error.message}`));
      else resolve(message.result);
    });
    socket.send(JSON.stringify({ id, method, params }));
  });
  return within(method, answered);
}

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer`)), TIMEOUT_MS);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Resident memory of the largest workerd process, where the system tells. */
export async function residentBytes(): Promise<number | null> {
  let largest: number | null = null;
  if (Deno.build.os !== "linux") return largest;
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const status = await Deno.readTextFile(`/proc/${name}/status`).catch(() => "");
    if (!/^Name:\s+workerd$/m.test(status)) continue;
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    largest = Math.max(largest ?? 0, 1024 * kilobytes);
  }
  return largest;
}
