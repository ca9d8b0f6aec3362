// Sum and maximum of one value per lane over the workgroup, returned to every lane.
// A tree in workgroup memory: log2(WG) + 1 barriers. WG must be a power of two.
override WG: u32 = 64u;
var<workgroup> tree: array<f32, WG>;

fn workgroup_sum(value: f32, lane: u32) -> f32 {
  tree[lane] = value;
  for (var width = WG / 2u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) { tree[lane] += tree[lane + width]; }
  }
  let sum = workgroupUniformLoad(&tree[0]);
  return sum;
}

fn workgroup_max(value: f32, lane: u32) -> f32 {
  tree[lane] = value;
  for (var width = WG / 2u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) { tree[lane] = max(tree[lane], tree[lane + width]); }
  }
  let largest = workgroupUniformLoad(&tree[0]);
  return largest;
}
