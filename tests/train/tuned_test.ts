// Where measured tilings come from: the run itself, then the cache, then a measurement.

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { emptyTuning, requestGpu, tilingsOf } from "../../kernels/mod.ts";
import { parameterTable } from "../../pipeline/lib/gpt/model/parameters.ts";
import { tuned } from "../../pipeline/train/tuned.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { loadGpt2Fixture } from "../helpers/gpt2_fixture.ts";

const { config, batch_size: batch } = loadGpt2Fixture();
const options = { shape: config, table: parameterTable(config), batch };

Deno.test(
  "the run's own choice wins over the cache, and a damaged cache is no cache",
  inFolder(async (folder) => {
    const gpu = await requestGpu();
    const none = await emptyTuning(gpu);
    const rows = batch * config.n_positions;
    const name = `f32 nn ${rows}x${3 * config.n_embd}x${config.n_embd}`;
    const direct = { kind: "direct", lanes: 1, rows: 8, quads: 2 };
    const candidates = [
      ...[4, 8, 16, 32].flatMap((lanes) =>
        [[4, 1], [4, 2], [8, 1], [2, 4]].map(([high, quads]) => ({
          ...direct,
          lanes,
          rows: high * lanes,
          quads,
        }))
      ),
      { ...direct, rows: 16, quads: 1 },
      { kind: "shared", tileM: 64, tileN: 64, tileK: 16, ahead: false },
      { kind: "shared", tileM: 64, tileN: 64, tileK: 16, ahead: true },
    ].map((tiling) => ({ [name]: tiling }));
    const offered = candidates.filter((tilings) =>
      name in tilingsOf(gpu, none, { ...none, tilings })
    );
    const [ofRun, cached] = offered;
    assertEquals(offered.length >= 2, true);

    // Products this small are not measured: what is known is all there is, and nothing is written.
    assertEquals((await tuned(gpu, options, undefined, folder)).tilings, {});
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);

    const slug = gpu.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
    const path = join(folder, `${slug}-${none.kernels}.json`);
    await Deno.writeTextFile(path, JSON.stringify({ ...none, tilings: cached }));
    assertEquals(await tuned(gpu, options, undefined, folder), { ...none, tilings: cached });
    const recorded = { ...none, tilings: ofRun };
    assertEquals(await tuned(gpu, options, recorded, folder), recorded);
    const foreign = { ...recorded, adapter: "another" };
    assertEquals((await tuned(gpu, options, foreign, folder)).tilings, cached);

    await Deno.writeTextFile(path, '{"adapter":');
    assertEquals((await tuned(gpu, options, undefined, folder)).tilings, {});
    gpu.destroy();
  }),
);
