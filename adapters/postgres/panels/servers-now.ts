/** The newest reading of every server within the range: state, model, memory, queue. */
import { VRAM_LOG, VRAM_IN_RANGE, OBTAINABLE, type PanelQuery } from './panel';

export const serversNow: PanelQuery = {
	name: 'servers-now',
	log: 'vram_usage_log',
	format: 'table',
	sql: `
select distinct on (server, device_index) server,
	coalesce(device_name, '(none)') as device,
	case when reachable then 'up' else 'no answer' end as state,
	coalesce(loaded_model, '(none)') as model,
	vram_total - vram_free as used_bytes,
	${OBTAINABLE} as obtainable_bytes,
	vram_total as total_bytes,
	queue_running + queue_pending as queued,
	observed_at
from ${VRAM_LOG}
where ${VRAM_IN_RANGE}
	and observed_at >= $__timeTo()::timestamptz - interval '1 day'
order by server, device_index, observed_at desc`,
};
