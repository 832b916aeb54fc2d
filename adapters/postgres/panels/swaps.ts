/** Models made resident per hour, by server: runs that began with loading their weights. */
import { bucket, USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const swaps: PanelQuery = {
	name: 'swaps',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('created_at')} as "time",
	coalesce(server, '(none)') as metric,
	count(*) * 3600000.0 / $__interval_ms as value
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and cold
group by 1, 2
order by 1, 2`,
};
