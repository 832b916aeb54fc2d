/** Cost of each time bucket by model; what servers without a price took, in GPU seconds, is a query of its own. */
import { bucket, IN_UNIT, runsFirst, type PanelQuery } from './panel';

const COLUMNS = `${bucket('created_at')} as "time", model_name as metric, actual_cost`;

function overTime(name: string, unit: keyof typeof IN_UNIT): PanelQuery {
	return {
		name,
		log: 'model_usage_log',
		format: 'time_series',
		sql: `
select "time",
	metric,
	sum(actual_cost) as value
from ${runsFirst(COLUMNS, `actual_cost is not null and model_name is not null and ${IN_UNIT[unit]}`)}
group by 1, 2
order by 1, 2`,
	};
}

export const costOverTime = overTime('cost-over-time', 'money');
export const unpricedOverTime = overTime('unpriced-over-time', 'gpu_seconds');
