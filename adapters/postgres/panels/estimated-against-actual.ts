/** How right the estimates of GPU time were, by model: cost is GPU time at a fixed price, so its ratio is that of the times. */
import { COST_UNIT } from '../cost-unit';
import { nameInUnit, USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const estimatedAgainstActual: PanelQuery = {
	name: 'estimated-against-actual',
	log: 'model_usage_log',
	format: 'table',
	sql: `
select ${nameInUnit('model')} as model,
	unit, runs, estimated_cost, actual_cost, ratio, ratio_p10, ratio_p50, ratio_p90
from (
	select model_name as model,
		${COST_UNIT} as unit,
		count(*) as runs,
		sum(estimated_cost) as estimated_cost,
		sum(actual_cost) as actual_cost,
		sum(actual_cost) / nullif(sum(estimated_cost), 0) as ratio,
		percentile_cont(0.1) within group (order by actual_cost / estimated_cost) as ratio_p10,
		percentile_cont(0.5) within group (order by actual_cost / estimated_cost) as ratio_p50,
		percentile_cont(0.9) within group (order by actual_cost / estimated_cost) as ratio_p90
	from ${USAGE_LOG}
	where ${USAGE_IN_RANGE}
		and status = 'success'
		and actual_cost is not null
		and estimated_cost > 0
		and model_name is not null
	group by 1, 2
) sums
order by 1`,
};
