/** @file What GGUF calls a parameter (gguf-py's tensor_mapping.py has the same from the other side). */

const WHOLE: ReadonlyMap<string, string> = new Map([
  ['model.embed_tokens.weight', 'token_embd.weight'],
  ['model.norm.weight', 'output_norm.weight'],
  ['lm_head.weight', 'output.weight'],
  ['model.embed_tokens_per_layer.weight', 'per_layer_token_embd.weight'],
  ['model.per_layer_model_projection.weight', 'per_layer_model_proj.weight'],
  ['model.per_layer_projection_norm.weight', 'per_layer_proj_norm.weight'],
]);

/** Parts of a layer, without `.weight` and `.bias`. */
const PARTS: ReadonlyMap<string, string> = new Map([
  ['input_layernorm', 'attn_norm'],
  ['pre_feedforward_layernorm', 'ffn_norm'],
  ['post_feedforward_layernorm', 'post_ffw_norm'],
  ['self_attn.q_proj', 'attn_q'],
  ['self_attn.k_proj', 'attn_k'],
  ['self_attn.v_proj', 'attn_v'],
  ['self_attn.o_proj', 'attn_output'],
  ['self_attn.q_norm', 'attn_q_norm'],
  ['self_attn.k_norm', 'attn_k_norm'],
  ['mlp.gate_proj', 'ffn_gate'],
  ['mlp.up_proj', 'ffn_up'],
  ['mlp.down_proj', 'ffn_down'],
  ['mlp.gate', 'ffn_gate_inp'],
  ['mlp.experts.gate_proj', 'ffn_gate_exps'],
  ['mlp.experts.up_proj', 'ffn_up_exps'],
  ['mlp.experts.down_proj', 'ffn_down_exps'],
  ['mlp.shared_expert.gate_proj', 'ffn_gate_shexp'],
  ['mlp.shared_expert.up_proj', 'ffn_up_shexp'],
  ['mlp.shared_expert.down_proj', 'ffn_down_shexp'],
  ['altup.correct_output_scale', 'altup_correct_scale'],
  ['altup.correction_coefs', 'altup_correct_coef'],
  ['altup.prediction_coefs', 'altup_predict_coef'],
  ['altup.modality_router', 'altup_router'],
  ['altup.router_norm', 'altup_router_norm'],
  ['laurel.linear_left', 'laurel_l'],
  ['laurel.linear_right', 'laurel_r'],
  ['laurel.post_laurel_norm', 'laurel_post_norm'],
  ['per_layer_input_gate', 'inp_gate'],
  ['per_layer_projection', 'proj'],
  ['post_per_layer_input_norm', 'post_norm'],
]);

/**
 * The name of a parameter in GGUF.
 *
 * @param postNorms whether outputs of sub-layers are normalised: what Hugging Face calls `post_attention_layernorm` is the norm of attention's output
 *   then, and otherwise the one before the feed-forward network
 * @throws Error for a parameter that GGUF has no name for
 */
export function ggufName(name: string, { postNorms }: { postNorms: boolean }): string {
  const whole = WHOLE.get(name);
  if (whole !== undefined) return whole;
  const [, layer, part = '', kind = 'weight'] = /^model\.layers\.(\d+)\.(.+?)(?:\.(weight|bias))?$/.exec(name) ?? [];
  const own = part === 'post_attention_layernorm' ? (postNorms ? 'post_attention_norm' : 'ffn_norm') : PARTS.get(part);
  if (layer === undefined || own === undefined) throw new Error(`GGUF has no name for ${name}`);
  return `blk.${layer}.${own}.${kind}`;
}
