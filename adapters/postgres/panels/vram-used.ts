/** VRAM in use of each device, the most of each time bucket: ComfyUI and every other program. */
import { bucket, VRAM_LOG, VRAM_IN_RANGE, DEVICE, type PanelQuery } from './panel';

export const vramUsed: PanelQuery = {
	name: 'vram-used',
	log: 'vram_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('observed_at')} as "time",
	${DEVICE} as metric,
	max(vram_total - vram_free) as value
from ${VRAM_LOG}
where ${VRAM_IN_RANGE}
	and vram_total > 0
group by 1, 2
order by 1, 2`,
};
