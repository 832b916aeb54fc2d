/** How attempts ended, by status. */
import { USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const outcomes: PanelQuery = {
	name: 'outcomes',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select $__timeGroupAlias(created_at, $__interval),
	status as metric,
	count(*) as value
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
group by 1, 2
order by 1, 2`,
};
