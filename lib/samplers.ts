/**
 * ComfyUI's samplers and schedulers (of noise): which names there are, and what a step costs. Facts of ComfyUI 0.8.0
 * (`comfy/samplers.py`, `comfy/k_diffusion/sampling.py`); extensions may add more, which a catalog makes known by
 * naming them in a preset.
 */

const ONE_EVALUATION = [
	'euler',
	'euler_cfg_pp',
	'euler_ancestral',
	'euler_ancestral_cfg_pp',
	'lms',
	'dpm_fast',
	'dpmpp_2m',
	'dpmpp_2m_cfg_pp',
	'dpmpp_2m_sde',
	'dpmpp_2m_sde_gpu',
	'dpmpp_2m_sde_heun',
	'dpmpp_2m_sde_heun_gpu',
	'dpmpp_3m_sde',
	'dpmpp_3m_sde_gpu',
	'ddpm',
	'lcm',
	'ipndm',
	'ipndm_v',
	'deis',
	'res_multistep',
	'res_multistep_cfg_pp',
	'res_multistep_ancestral',
	'res_multistep_ancestral_cfg_pp',
	'gradient_estimation',
	'gradient_estimation_cfg_pp',
	'er_sde',
	'sa_solver',
	'ddim',
	'uni_pc',
	'uni_pc_bh2',
];

/** Solvers of higher order look at the model more than once a step. `dpm_adaptive` does as it likes: at least this. */
const TWO_EVALUATIONS = [
	'heun',
	'exp_heun_2_x0',
	'exp_heun_2_x0_sde',
	'dpm_2',
	'dpm_2_ancestral',
	'dpm_adaptive',
	'dpmpp_2s_ancestral',
	'dpmpp_2s_ancestral_cfg_pp',
	'dpmpp_sde',
	'dpmpp_sde_gpu',
	'seeds_2',
	'sa_solver_pece',
];

const THREE_EVALUATIONS = ['heunpp2', 'seeds_3'];

const EVALUATIONS: ReadonlyMap<string, number> = new Map([
	...ONE_EVALUATION.map((name) => [name, 1] as const),
	...TWO_EVALUATIONS.map((name) => [name, 2] as const),
	...THREE_EVALUATIONS.map((name) => [name, 3] as const),
]);

/** Every sampler a plain ComfyUI has. */
export const SAMPLERS: readonly string[] = [...EVALUATIONS.keys()];

/** Every scheduler of noise a plain ComfyUI has. */
export const SCHEDULERS: readonly string[] = [
	'simple',
	'sgm_uniform',
	'karras',
	'exponential',
	'ddim_uniform',
	'beta',
	'normal',
	'linear_quadratic',
	'kl_optimal',
];

/** Model evaluations of one step, without those of classifier-free guidance; 1 for a sampler of which nothing is known. */
export function evaluationsPerStep(sampler: string): number {
	return EVALUATIONS.get(sampler) ?? 1;
}
