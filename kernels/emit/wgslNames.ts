/**
 * Which of the user's names may stand in emitted WGSL: plain ASCII identifiers that mean nothing to the language or to
 * the templates. Others get a made-up name, so the text holds nothing of the user's beyond such a word.
 */
import { WGSL_FUNCTIONS } from "./wgslFunctions.ts";

// Keywords, reserved words and predeclared names that an identifier of Python could collide with (WGSL, section 15).
const RESERVED: ReadonlySet<string> = new Set(
  `alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop
override requires return struct switch true var while NULL Self abstract active alignas alignof as asm asm_fragment async
attribute auto await become cast catch class co_await co_return co_yield coherent column_major common compile
compile_fragment concept const_cast consteval constexpr constinit crate debugger decltype delete demote demote_to_helper do
dynamic_cast enum explicit export extends extern external fallthrough filter final finally friend from fxgroup get goto
groupshared highp impl implements import inline instanceof interface layout lowp macro macro_rules match mediump meta mod
module move mut mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null
nullptr of operator package packoffset partition pass patch pixelfragment precise precision premerge priv protected pub
public readonly ref regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm
static static_assert static_cast std subroutine super target template this thread_local throw trait try type typedef typeid
typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly yield
bool i32 u32 f32 f16 array bitcast select abs ceil exp2 floor fract max min round sign sqrt trunc clamp ldexp inverseSqrt
b h q_idx kv_idx score scalars main score_mod mask_mod captures_i32 captures_f32`.split(/\s+/),
);

/**
 * `name` if it may be declared in emitted code, with a suffix if it means something there already (`score_1`);
 * null if it is no plain identifier.
 */
export function wgslName(name: string): string | null {
  const stem = name.replace(/^_+|_+$/g, "").replace(/__+/g, "_");
  if (!/^[A-Za-z][A-Za-z0-9_]{0,39}$/.test(stem)) return null;
  return RESERVED.has(stem) || stem in WGSL_FUNCTIONS || stem.startsWith("load_") || /^[A-Z0-9_]{2,}$/.test(stem) ? `${stem}_1` : stem;
}
