/** Time that runs waited in the queue, 95 %, by urgency. */
import { bucket, USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const queueWait: PanelQuery = {
	name: 'queue-wait',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('created_at')} as "time",
	coalesce(urgency, '(none)') as metric,
	percentile_cont(0.95) within group (order by queue_seconds) as value
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and queue_seconds is not null
group by 1, 2
order by 1, 2`,
};
