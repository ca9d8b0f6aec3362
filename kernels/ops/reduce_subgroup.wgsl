// Sum and maximum of one value per lane over the workgroup, returned to every lane.
// The workgroup is exactly one subgroup, so that there is nothing to wait for.
override WG: u32 = 32u;

fn workgroup_sum(value: f32, lane: u32) -> f32 {
  return subgroupAdd(value);
}

fn workgroup_max(value: f32, lane: u32) -> f32 {
  return subgroupMax(value);
}
