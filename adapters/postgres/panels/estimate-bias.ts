/** Actual over estimated GPU time of each time bucket by model; 1 is right, above 1 took longer. */
import { COST_UNIT } from '../cost-unit';
import { bucket, nameInUnit, runsFirst, type PanelQuery } from './panel';

const COLUMNS = `${bucket('created_at')} as "time", model_name as model, ${COST_UNIT} as unit, actual_cost, estimated_cost`;
const COMPARED = `status = 'success' and actual_cost is not null and estimated_cost > 0 and model_name is not null`;

export const estimateBias: PanelQuery = {
	name: 'estimate-bias',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select "time",
	${nameInUnit('model')} as metric,
	value
from (
	select "time",
		model,
		unit,
		sum(actual_cost) / nullif(sum(estimated_cost), 0) as value
	from ${runsFirst(COLUMNS, COMPARED)}
	group by 1, 2, 3
) biases
order by 1, 2`,
};
