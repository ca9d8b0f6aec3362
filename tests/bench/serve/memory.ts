/** What a workerd holds: V8's account through its inspector, and the system's. */

export interface HeapUsage {
  /** Objects of JavaScript, in bytes. */
  js_heap: number;
  /** ArrayBuffers: the weights in the bundle, remembered logits; no WebAssembly memory. */
  buffers: number;
}

/** Asks the isolate behind the inspector at `port`, after a collection of garbage. */
export async function heapUsage(port: number): Promise<HeapUsage> {
  const targets = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const socket = new WebSocket(targets[0].webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`Cannot reach the inspector at port ${port}`));
  });
  try {
    await ask(socket, 1, "HeapProfiler.collectGarbage");
    const usage = await ask(socket, 2, "Runtime.getHeapUsage");
    return { js_heap: usage.usedSize, buffers: usage.backingStorageSize };
  } finally {
    socket.close();
  }
}

/** One command of the Chrome DevTools protocol. */
function ask(socket: WebSocket, id: number, method: string): Promise<Record<string, number>> {
  return new Promise((resolve, reject) => {
    socket.addEventListener("message", function answer({ data }) {
      const message = JSON.parse(data);
      if (message.id !== id) return;
      socket.removeEventListener("message", answer);
      if (message.error) reject(new Error(`${method}: ${message.error.message}`));
      else resolve(message.result);
    });
    socket.send(JSON.stringify({ id, method }));
  });
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
