// dwte[token] += Σ dropout(dout[row]) over the rows that hold the token.
//   dout: (N, C)   index: see token_index.ts   dwte: (count, C)   seed: (1)
// dwte may be a band of its rows: tokens outside of first .. first + count are left to other bands.
// No two invocations write the same place: a workgroup owns COLUMNS columns of one token that
// occurs in the batch. Its ROWS rows of lanes share out the token's occurrences, which the index
// lists in ascending order, and the first row adds up the partial sums, always in the same order.
// Tokens are as uneven as words: shared rows keep the most frequent one from deciding the time.
override COLUMNS: u32 = 32u;
override ROWS: u32 = 4u;
struct Params { n: u32, c: u32, first: u32, count: u32, threshold: u32, keep: f32, site: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dout: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read> seed: array<u32>;
@group(0) @binding(4) var<storage, read_write> dwte: array<f32>;
var<workgroup> partials: array<f32, ROWS * COLUMNS>;

@compute @workgroup_size(COLUMNS, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  // index = rows ordered by token (N), then for the d-th distinct token its value and where its
  // rows start (2 N): an absent one has the start N.
  let distinct = group.z * groups.y + group.y;
  if (distinct >= params.n) { return; }
  let entry = params.n + 2u * distinct;
  let start = index[entry + 1u];
  if (start == params.n) { return; }
  let token = index[entry] - params.first; // wraps below the band
  if (token >= params.count) { return; }
  var end = params.n;
  if (distinct + 1u < params.n) { end = index[entry + 3u]; }

  let c = group.x * COLUMNS + lane.x;
  let random = seed[0];
  var sum = 0.0;
  if (c < params.c) {
    for (var k = start + lane.y; k < end; k += ROWS) {
      let at = index[k] * params.c + c;
      sum += dout[at] *
        dropout_factor(params.threshold, params.keep, 0u, at, params.site, random);
    }
  }
  if (ROWS > 1u) {
    partials[lane.y * COLUMNS + lane.x] = sum;
    workgroupBarrier();
    if (lane.y == 0u) {
      for (var row = 1u; row < ROWS; row++) { sum += partials[row * COLUMNS + lane.x]; }
    }
  }
  if (lane.y == 0u && c < params.c) { dwte[token * params.c + c] += sum; }
}
