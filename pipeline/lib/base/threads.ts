/**
 * Work in other threads: the functions that a worker module offers, called from here as if they were
 * asynchronous functions of this thread.
 *
 * ```ts
 * // square_worker.ts
 * const methods = { square: (x: number) => x * x };
 * export type SquareMethods = typeof methods;
 * answerCalls(methods);
 *
 * // main thread
 * const thread = new Thread<SquareMethods>(new URL("./square_worker.ts", import.meta.url));
 * await thread.call("square", [3]); // 9
 * thread.terminate();
 * ```
 *
 * A thread answers its calls one after the other, in the order in which they came. What a function
 * throws is thrown by the call; a thread that ends by itself fails every call that waits for it.
 */

// deno-lint-ignore no-explicit-any
type Methods = Record<string, (...args: any[]) => unknown>;
type Name<M> = keyof M & string;
type Reply<F> = F extends (...args: never[]) => infer R ? Awaited<Unwrapped<Awaited<R>>> : never;
type Unwrapped<R> = R extends HandedOver<infer T> ? T : R;

interface Call {
  id: number;
  name: string;
  args: unknown[];
}
type Answer = { id: number; reply: unknown } | { id: number; error: string };

/** A reply whose buffers are given away instead of copied. */
class HandedOver<T> {
  constructor(readonly value: T) {}
}

/** Marks a reply whose typed arrays the thread no longer needs: they are moved, not copied. */
export const handOver = <T>(value: T): HandedOver<T> => new HandedOver(value);

/** The worker's side of its channel; the default types of `self` are a window's. */
const port = self as unknown as {
  onmessage: ((event: MessageEvent<Call>) => void) | null;
  postMessage(answer: Answer, transfer: Transferable[]): void;
};

/** In a worker module: answers the calls of a `Thread` with these functions. */
export function answerCalls(methods: Methods): void {
  let last = Promise.resolve();
  port.onmessage = ({ data: { id, name, args } }) => {
    last = last.then(async () => {
      try {
        const reply = await methods[name](...args);
        if (reply instanceof HandedOver) {
          port.postMessage({ id, reply: reply.value }, buffersIn(reply.value));
        } else port.postMessage({ id, reply }, []);
      } catch (error) {
        port.postMessage({ id, error: error instanceof Error ? error.message : String(error) }, []);
      }
    });
  };
}

/** The buffers of all arrays in `value`, each once. */
export function buffersIn(value: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const collect = (part: unknown) => {
    if (ArrayBuffer.isView(part)) buffers.add(part.buffer as ArrayBuffer);
    else if (typeof part === "object" && part !== null && !(part instanceof Map)) {
      Object.values(part).forEach(collect);
    }
  };
  collect(value);
  return [...buffers];
}

/** A worker thread that answers calls. */
export class Thread<M extends Methods> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #failed: string;
  #calls = 0;

  /** `task` says in errors what cannot be done without the thread: "tokenize". */
  constructor(module: URL, task = "go on") {
    this.#failed = `Cannot ${task}: a worker thread failed`;
    this.#worker = new Worker(module, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const call = this.#waiting.get(data.id)!;
      this.#waiting.delete(data.id);
      if ("error" in data) call.reject(new Error(data.error));
      else call.resolve(data.reply);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(`${this.#failed}: ${event.message}`));
    };
  }

  /** Calls that have no answer yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Calls a function of the worker module. What is in `transfer` is moved to the thread. */
  call<N extends Name<M>>(
    name: N,
    args: Parameters<M[N]>,
    transfer: Transferable[] = [],
  ): Promise<Reply<M[N]>> {
    const id = this.#calls++;
    const answer = Promise.withResolvers<unknown>();
    this.#worker.postMessage({ id, name, args } satisfies Call, transfer);
    this.#waiting.set(id, answer);
    return answer.promise as Promise<Reply<M[N]>>;
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** Ends the thread at once, whatever it does. */
  terminate(): void {
    this.#worker.terminate();
    this.#fail(new Error(`${this.#failed}: it was ended`));
  }

  [Symbol.dispose](): void {
    this.terminate();
  }
}

/** Calls under way for each thread: one that it works on, one that waits. */
const DEPTH = 2;

/** Several threads of one module. */
export class ThreadPool<M extends Methods> {
  readonly threads: readonly Thread<M>[];

  constructor(module: URL, size: number, task?: string) {
    this.threads = Array.from({ length: size }, () => new Thread<M>(module, task));
  }

  /** The same call to every thread. */
  all<N extends Name<M>>(name: N, args: Parameters<M[N]>): Promise<Reply<M[N]>[]> {
    return Promise.all(this.threads.map((thread) => thread.call(name, args)));
  }

  /**
   * One call for each input, by whichever thread has least to do; replies in the order of inputs.
   * No more than `depth` calls a thread are under way or wait to be taken, so that memory does not
   * grow with the input. What an input hands over, its thread gets without a copy.
   */
  async *map<N extends Name<M>, I extends Parameters<M[N]>[0]>(
    name: N,
    inputs: Iterable<I> | AsyncIterable<I>,
    { depth = DEPTH, transfer = () => [] }: {
      depth?: number;
      transfer?: (input: I) => Transferable[];
    } = {},
  ): AsyncGenerator<Reply<M[N]>> {
    const queue: Promise<Reply<M[N]>>[] = [];
    for await (const input of inputs) {
      const free = this.threads.reduce((a, b) => b.pending < a.pending ? b : a);
      const reply = free.call(name, [input] as unknown as Parameters<M[N]>, transfer(input));
      reply.catch(() => {}); // Reported when its turn comes.
      queue.push(reply);
      if (queue.length >= depth * this.threads.length) yield await queue.shift()!;
    }
    for (const reply of queue) yield await reply;
  }

  terminate(): void {
    for (const thread of this.threads) thread.terminate();
  }

  [Symbol.dispose](): void {
    this.terminate();
  }
}
