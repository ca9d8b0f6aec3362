// The first of two stages of column sums: partials[k, c] = Σ inp[row, c] over chunk k of rows.
//   inp: (N, C)   partials: (chunks, C)
// One invocation per column and chunk; neighbouring lanes read neighbouring columns,
// so that every row is read coalesced; chunks of about √N rows keep both stages' loops short.
override WG: u32 = 64u;
struct Params { n: u32, c: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> inp: array<real>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= params.c) { return; }
  let first = id.y * params.chunk;
  let end = min(first + params.chunk, params.n);
  var sum = 0.0;
  for (var row = first; row < end; row++) { sum += f32(inp[row * params.c + c]); }
  partials[id.y * params.c + c] = sum;
}
