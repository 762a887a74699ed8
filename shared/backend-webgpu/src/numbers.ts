/**
 * @file Functions of shaders that keep what is no number. Whether their parts do, WGSL leaves open, and what is no number would become a plausible one:
 * `clamp`, `max` and `min` drop it on most processors, and some have an `exp`, a `log` and a `tanh` of it. It is told by its bits, since compilers of shaders may take
 * for granted that there is none.
 */
export const NUMBERS = `
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn expOf(x: f32) -> f32 { return select(exp(x), x, isNan(x)); }
fn logOf(x: f32) -> f32 { return select(log(x), x, isNan(x)); }
fn sigmoidOf(x: f32) -> f32 { return 1.0 / (1.0 + expOf(-x)); }
/** Beyond ±15, tanh is ±1 in float32, and some processors compute it of exponentials that are infinite. */
fn tanhOf(x: f32) -> f32 { return select(tanh(clamp(x, -15.0, 15.0)), x, isNan(x)); }
fn softCapped(x: f32, cap: f32) -> f32 { return cap * tanhOf(x / cap); }
fn atLeast(x: f32, least: f32) -> f32 { return select(max(x, least), x, isNan(x)); }
fn between(x: f32, least: f32, most: f32) -> f32 { return select(clamp(x, least, most), x, isNan(x)); }
`;
