// Softmax, cross-entropy and its gradient in one pass, in place, for some rows of the batch.
//   losses[first + row] = log Σ exp(logits) − logits[target]
//   logits: logits on entry; (softmax − onehot(target)) · scale · loss_scale on return,
//   if `gradient` is 1
//   logits: (rows, V)   targets, losses: (N), read and written from `first` on   loss_scale: (1)
// One workgroup per row, lanes stride over V: maximum and sum of exponentials in one sweep (online
// softmax, Milakov & Gimelshein 2018), the gradient in a second. A workgroup per row, because a row
// of 50,257 logits is read twice and keeps a whole workgroup busy.
struct Params { rows: u32, v: u32, first: u32, gradient: u32, scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> logits: array<real>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
const LOWEST = -3.4e38;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let start = row * params.v;
  let expected = start + u32(targets[params.first + row]);

  var largest = LOWEST;
  var sum = 0.0;
  for (var v = lane; v < params.v; v += WG) {
    let x = f32(logits[start + v]);
    if (x > largest) {
      sum *= exp(largest - x);
      largest = x;
    }
    sum += exp(x - largest);
  }
  let row_max = workgroup_max(largest, lane);
  let row_sum = workgroup_sum(sum * exp(largest - row_max), lane);
  let lse = row_max + log(row_sum);

  // Read before any lane overwrites it: only its owner writes it, after this.
  if (lane == (expected - start) % WG) { losses[params.first + row] = lse - f32(logits[expected]); }
  if (params.gradient == 0u) { return; }
  let scale = params.scale * loss_scale[0];
  for (var v = lane; v < params.v; v += WG) {
    let i = start + v;
    let p = exp(f32(logits[i]) - lse);
    logits[i] = real(scale * select(p, p - 1.0, i == expected));
  }
}
