/** Cost of each time bucket by model. */
import { bucket, USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const costOverTime: PanelQuery = {
	name: 'cost-over-time',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('created_at')} as "time",
	model_name as metric,
	sum(actual_cost) as value
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and actual_cost is not null
	and model_name is not null
group by 1, 2
order by 1, 2`,
};
