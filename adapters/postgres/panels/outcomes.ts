/** How attempts ended, by status. */
import { bucket, USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const outcomes: PanelQuery = {
	name: 'outcomes',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('created_at')} as "time",
	status as metric,
	count(*) as value
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
group by 1, 2
order by 1, 2`,
};
