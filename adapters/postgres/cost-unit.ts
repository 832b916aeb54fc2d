/** What a logged cost counts: money, or GPU time where the server has no price. SQL over the columns of `model_usage_log`. */

/**
 * Rows of before there was a `cost_unit`: true where the cost is the run's GPU time. `run_seconds` holds the load where
 * ComfyUI gave the stamps, and `load_seconds` is then 0 or unknown; where a caller gave both, they are apart.
 */
const LOOKS_LIKE_GPU_SECONDS = `coalesce(actual_cost > 0
		and abs(actual_cost - run_seconds - coalesce(load_seconds, 0)) <= 1e-9 * actual_cost, false)`;

/** Never null: where nothing tells the unit, a cost is taken for money. */
export const IS_GPU_SECONDS = `(case when cost_unit is null then ${LOOKS_LIKE_GPU_SECONDS}
	else cost_unit = 'gpu_seconds' end)`;

/** What sums have to be apart by. */
export const COST_UNIT = `case when ${IS_GPU_SECONDS} then 'gpu_seconds' else 'money' end`;
