// Nothing but multiply-adds in registers: 8 independent chains of vec4 per invocation, 16 rounds
// of 16 unrolled steps. out keeps the compiler from removing them.
//   out: (invocations) vec4
@group(0) @binding(0) var<storage, read_write> out: array<vec4f>;

fn step(x: vec4f, s: vec4f) -> vec4f {
  let a = fma(x, s, s);
  let b = fma(a, s, s);
  let c = fma(b, s, s);
  return fma(c, s, s);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let s = vec4f(0.5 + f32(id.x & 1u) * 0.25);
  var c0 = s; var c1 = s + 1.0; var c2 = s + 2.0; var c3 = s + 3.0;
  var c4 = s + 4.0; var c5 = s + 5.0; var c6 = s + 6.0; var c7 = s + 7.0;
  for (var i = 0u; i < 64u; i++) {
    c0 = step(c0, s); c1 = step(c1, s); c2 = step(c2, s); c3 = step(c3, s);
    c4 = step(c4, s); c5 = step(c5, s); c6 = step(c6, s); c7 = step(c7, s);
  }
  out[id.x] = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7;
}
