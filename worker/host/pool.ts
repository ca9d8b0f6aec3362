/**
 * Several workerd processes as one worker: sessions kept together, a crashed process started again,
 * a new export taken over without a lost request.
 */

import { openPort } from "./front.ts";
import { rank } from "./session_route.ts";
import {
  type AssembledWorker,
  assembleWorker,
  availablePort,
  type RunningWorker,
  startAssembled,
  type StartOptions,
  withLoopbackHosts,
} from "./start_worker.ts";

/** How long a process that is replaced may go on answering what it has begun. */
const DRAIN_MS = 60_000;
/** Before a crashed process is started again: longer each time, until it has run for a while. */
const FIRST_RESTART_MS = 100, LAST_RESTART_MS = 30_000;

export interface PoolOptions extends Omit<StartOptions, "inspectorPort"> {
  /** How many processes; each holds the model. */
  processes: number;
  /** Rejects where an export must not be served; asked before each new one. */
  gate?(): Promise<unknown>;
}

export interface Pool extends RunningWorker {
  /** Process ids, for tests and operators. */
  pids(): number[];
  /**
   * Starts new processes on the export as it is now and lets the old ones end in good order. Rejects,
   * and leaves everything as it was, where the gate refuses it or they do not start.
   */
  reload(): Promise<void>;
}

/** What was assembled from one export: a process that starts again serves what it served before. */
interface Generation {
  assembled: AssembledWorker;
  members: Member[];
}

/** One place of the ring, and the process in it; none while it starts again. */
interface Member {
  id: number;
  worker?: RunningWorker;
  inFlight: number;
}

/** Starts `processes` workers and one port for all of them; resolves when all are ready. */
export async function startPool(options: PoolOptions): Promise<Pool> {
  const { processes, gate = () => Promise.resolve(), onLog = () => {} } = options;
  const port = availablePort(options.port);
  const tell = (event: string, facts: Record<string, unknown> = {}) =>
    onLog(JSON.stringify({ event, time: new Date().toISOString(), ...facts }));
  const start = ({ assembled }: Generation) => startAssembled(assembled, { ...options, port: 0 });

  /** Starts the process of `member` again whenever it ends, until `generation` is replaced. */
  async function keepRunning(generation: Generation, member: Member): Promise<void> {
    const replaced = () => stopping || current !== generation;
    for (let pause = FIRST_RESTART_MS; !replaced();) {
      if (member.worker) {
        const since = Date.now();
        await member.worker.exited;
        if (replaced()) return;
        member.worker = undefined;
        tell("process_ended", { process: member.id });
        if (Date.now() - since > LAST_RESTART_MS) pause = FIRST_RESTART_MS;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, LAST_RESTART_MS);
      if (replaced()) return;
      const worker = await start(generation).catch((error) => {
        tell("process_not_started", { process: member.id, error: error.message.split("\n")[0] });
      });
      if (!worker) continue;
      if (replaced()) return await worker.stop();
      member.worker = worker;
      tell("process_started", { process: member.id });
    }
  }

  async function startGeneration(): Promise<Generation> {
    const generation: Generation = { assembled: await assembleWorker(options), members: [] };
    const started = await Promise.allSettled(
      Array.from({ length: processes }, () => start(generation)),
    );
    generation.members = started.map((result, id) => ({
      id,
      worker: result.status === "fulfilled" ? result.value : undefined,
      inFlight: 0,
    }));
    const failed = started.find((result) => result.status === "rejected");
    if (!failed) return generation;
    await end(generation);
    throw failed.reason;
  }

  async function end({ assembled, members }: Generation): Promise<void> {
    const late = Date.now() + DRAIN_MS;
    while (members.some(({ inFlight }) => inFlight > 0) && Date.now() < late) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Promise.all(members.map(({ worker }) => worker?.stop()));
    await assembled.remove();
  }

  const watch = (generation: Generation) => {
    for (const member of generation.members) keepRunning(generation, member);
  };

  async function takeOver(): Promise<void> {
    await gate();
    const generation = await startGeneration(), old = current;
    if (stopping) return await end(generation);
    current = generation;
    watch(generation);
    tell("reloaded");
    await end(old);
  }

  let stopping = false, reloading: Promise<void> | undefined;
  let current = await startGeneration();
  watch(current);
  const front = openPort({
    port,
    hosts: withLoopbackHosts(options.secrets ?? {}).HOSTS.split(","),
    ranked: (key) => rank(current.members.filter(({ worker }) => worker), key),
  });
  return {
    url: front.url,
    loadMilliseconds: Math.max(...current.members.map(({ worker }) => worker!.loadMilliseconds)),
    exited: new Promise(() => {}),
    pids: () => current.members.flatMap(({ worker }) => worker?.pid ?? []),
    reload: () => reloading ??= takeOver().finally(() => reloading = undefined),
    async stop() {
      stopping = true;
      await front.close(DRAIN_MS);
      await end(current);
    },
  };
}
