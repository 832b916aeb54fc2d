/** Jobs running and waiting on each server, mean of the readings. */
import { VRAM_LOG, VRAM_IN_RANGE, type PanelQuery } from './panel';

export const queueLength: PanelQuery = {
	name: 'queue-length',
	log: 'vram_usage_log',
	format: 'time_series',
	sql: `
select $__timeGroupAlias(observed_at, $__interval),
	server as metric,
	avg(queue_running + queue_pending) as value
from ${VRAM_LOG}
where ${VRAM_IN_RANGE}
	and reachable
	and coalesce(device_index, 0) = 0
group by 1, 2
order by 1, 2`,
};
