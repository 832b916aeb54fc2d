/** Out-of-memory errors by model and server. */
import { bucket, USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const ooms: PanelQuery = {
	name: 'ooms',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('created_at')} as "time",
	coalesce(model_name, '(none)') || ' on ' || coalesce(server, '(none)') as metric,
	count(*) as value
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and status = 'oom'
group by 1, 2
order by 1, 2`,
};
