// The first of two stages of a LayerNorm's parameter gradients: sums over chunks of rows.
//   partials[k, 0, c] = Σ dout · (inp − mean) · rstd,  partials[k, 1, c] = Σ dout, over chunk k
//   dout, inp: (N, C)   mean, rstd: (N)   partials: (chunks, 2, C)
// One invocation per column and chunk; neighbouring lanes read neighbouring columns,
// so that every row is read coalesced; chunks of about √N rows keep both stages' loops short.
override WG: u32 = 64u;
struct Params { n: u32, c: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dout: array<real>;
@group(0) @binding(2) var<storage, read> inp: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> rstd: array<f32>;
@group(0) @binding(5) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= params.c) { return; }
  let first = id.y * params.chunk;
  let end = min(first + params.chunk, params.n);
  var dweight = 0.0;
  var dbias = 0.0;
  for (var row = first; row < end; row++) {
    let i = row * params.c + c;
    let d = f32(dout[i]);
    dweight += d * (inp[i] - mean[row]) * rstd[row];
    dbias += d;
  }
  partials[2u * id.y * params.c + c] = dweight;
  partials[(2u * id.y + 1u) * params.c + c] = dbias;
}
