/** What a logged cost counts: the log has no column for it. SQL over the columns of `model_usage_log`. */

/**
 * True where the cost is the run's GPU time: on a server without a price. `run_seconds` holds the load where ComfyUI gave
 * the stamps, and `load_seconds` is then 0 or unknown; where a caller gave both, they are apart.
 */
export const IS_GPU_SECONDS = `(actual_cost > 0
	and abs(actual_cost - run_seconds - coalesce(load_seconds, 0)) <= 1e-9 * actual_cost)`;
