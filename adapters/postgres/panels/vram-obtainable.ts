/** Share of the VRAM of each device that a run could get, the least of each time bucket. */
import { bucket, VRAM_LOG, VRAM_IN_RANGE, OBTAINABLE, DEVICE, type PanelQuery } from './panel';

export const vramObtainable: PanelQuery = {
	name: 'vram-obtainable',
	log: 'vram_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('observed_at')} as "time",
	${DEVICE} as metric,
	min(${OBTAINABLE}::double precision / vram_total) as value
from ${VRAM_LOG}
where ${VRAM_IN_RANGE}
	and vram_total > 0
group by 1, 2
order by 1, 2`,
};
