/** Actual over estimated GPU time of each time bucket by model; 1 is right, above 1 took longer. */
import { bucket, USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const estimateBias: PanelQuery = {
	name: 'estimate-bias',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('created_at')} as "time",
	model_name as metric,
	sum(actual_cost) / nullif(sum(estimated_cost), 0) as value
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and status = 'success'
	and actual_cost is not null
	and estimated_cost > 0
	and model_name is not null
group by 1, 2
order by 1, 2`,
};
