/** Jobs running and waiting on each server, mean of the readings. */
import { FIRST_DEVICE, bucket, VRAM_LOG, VRAM_IN_RANGE, type PanelQuery } from './panel';

export const queueLength: PanelQuery = {
	name: 'queue-length',
	log: 'vram_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('observed_at')} as "time",
	server as metric,
	avg(queue_running + queue_pending) as value
from ${VRAM_LOG}
where ${VRAM_IN_RANGE}
	and reachable
	and ${FIRST_DEVICE}
group by 1, 2
order by 1, 2`,
};
